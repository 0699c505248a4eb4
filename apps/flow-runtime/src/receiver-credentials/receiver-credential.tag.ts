import type { ReceiverCredentialRow } from './receiver-credential.entity.js';

/** The entity tag of a credential: each one that is stored has another version. */
export function receiverCredentialTag(row: ReceiverCredentialRow): string {
  return row.version;
}
