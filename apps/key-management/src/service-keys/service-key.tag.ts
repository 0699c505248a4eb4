import { contentTag } from '@sluice/service-shell';
import type { ClientSecretRow } from '../client-secrets/client-secret.entity.js';
import type { CredentialRow } from './credential.entity.js';
import type { ServiceKeyRow } from './service-key.entity.js';

/** The entity tag of a key: another one after each change of it, of a certificate or of a secret, none because it was used. */
export function serviceKeyTag(
  key: ServiceKeyRow,
  held: readonly CredentialRow[],
  secrets: readonly ClientSecretRow[],
): string {
  const certificates = held.map(({ sha256, version }) => `${sha256}:${version}`).sort();
  const bySecrets = secrets.map(({ id, version }) => `${id}:${version}`).sort();
  return contentTag([
    key.id,
    key.status,
    key.updatedAt.toISOString(),
    certificates,
    ...(bySecrets.length > 0 ? [bySecrets] : []),
  ]);
}
