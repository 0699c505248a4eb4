import { stateKey, type ReceiverCredentialRecord } from '@sluice/contracts';
import type { ReceiverCredentialRow } from './receiver-credential.entity.js';

export function toReceiverCredentialRecord(row: ReceiverCredentialRow): ReceiverCredentialRecord {
  return {
    key: stateKey.receiverCredential(row.alias),
    version: Number(row.version),
    deleted: false,
    alias: row.alias,
  };
}
