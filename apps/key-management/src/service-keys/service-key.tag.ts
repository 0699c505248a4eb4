import { contentTag } from '@sluice/service-shell';
import type { CredentialRow } from './credential.entity.js';
import type { ServiceKeyRow } from './service-key.entity.js';

/** The entity tag of a key: another one after each change of it or of a certificate, none because it was used. */
export function serviceKeyTag(key: ServiceKeyRow, held: readonly CredentialRow[]): string {
  const certificates = held.map(({ sha256, version }) => `${sha256}:${version}`).sort();
  return contentTag([key.id, key.status, key.updatedAt.toISOString(), certificates]);
}
