import type { StateFollower } from '@sluice/messaging';
import type { PublicListener } from './listeners.js';

/** Gives the listener the roots of the newest trust list to name; what a certificate is worth the verifier decides. */
export function nameTrustedRoots(listener: PublicListener, follower: StateFollower): void {
  const roots = [
    ...[...follower.heldOf('ca')].filter(({ record }) => record.kind === 'root' && record.status !== 'revoked'),
    ...follower.heldOf('root'),
  ];
  listener.nameRoots(roots.map(({ record }) => toPem(record.certificate)));
}

function toPem(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}
