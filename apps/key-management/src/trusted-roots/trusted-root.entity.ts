import type { RevocationPolicy } from '@sluice/domain';
import { EntitySchema } from 'typeorm';
import { timestamp } from '../persistence/timestamp.js';

export interface TrustedRootRow {
  sha256: string;
  certificate: Buffer;
  addedBy: string;
  version: string;
  addedAt: Date;
  /** Null: revocation is not checked. */
  revocation: RevocationPolicy | null;
}

export const trustedRootSchema = new EntitySchema<TrustedRootRow>({
  name: 'trusted_root',
  columns: {
    sha256: { type: 'text', primary: true },
    certificate: { type: 'bytea' },
    addedBy: { type: 'text', name: 'added_by' },
    version: { type: 'bigint' },
    addedAt: { ...timestamp, name: 'added_at' },
    revocation: { type: 'jsonb', nullable: true },
  },
});
