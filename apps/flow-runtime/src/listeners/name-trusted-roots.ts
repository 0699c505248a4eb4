import type { StateFollower } from '@sluice/messaging';
import type { Listeners } from './listeners.js';

/**
 * Gives the listeners the roots of the newest trust list to name; what a certificate is worth the verifier decides. When one
 * cannot be read the list before stays.
 */
export function nameTrustedRoots(
  listeners: Listeners,
  follower: StateFollower,
  onFault: (error: unknown, what: string) => void,
): void {
  const roots = [
    ...[...follower.heldOf('ca')].filter(
      ({ record }) => record.kind === 'root' && record.status !== 'revoked' && record.status !== 'retired',
    ),
    ...follower.heldOf('root'),
  ];
  try {
    listeners.nameRoots(roots.map(({ record }) => toPem(record.certificate)));
  } catch (error) {
    onFault(error, 'naming the trusted roots');
  }
}

function toPem(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}
