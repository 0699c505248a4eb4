import { EntitySchema } from 'typeorm';
import { timestamp } from '../persistence/timestamp.js';

/** What an unpinned key compares. */
export interface UnpinnedKeyRow {
  digest: string;
  serviceKeyId: string;
  issuerKeySha256: string | null;
  /** The certificate accepted last, as far as it is known here: verifiers move it on. */
  acceptedSha256: string;
  acceptedNotBefore: Date;
  version: string;
}

export const unpinnedKeySchema = new EntitySchema<UnpinnedKeyRow>({
  name: 'unpinned_key',
  columns: {
    digest: { type: 'text', primary: true },
    serviceKeyId: { type: 'uuid', name: 'service_key_id' },
    issuerKeySha256: { type: 'text', name: 'issuer_key_sha256', nullable: true },
    acceptedSha256: { type: 'text', name: 'accepted_sha256' },
    acceptedNotBefore: { ...timestamp, name: 'accepted_not_before' },
    version: { type: 'bigint' },
  },
});
