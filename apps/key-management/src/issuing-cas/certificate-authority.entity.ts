import { EntitySchema } from 'typeorm';
import { timestamp } from '../persistence/timestamp.js';

export interface CertificateAuthorityRow {
  id: string;
  kind: 'root' | 'issuing';
  parentId: string | null;
  certificate: Buffer;
  sha256: string;
  /** Sealed under the master key. */
  sealedKey: Buffer;
  status: 'prepared' | 'active' | 'retiring' | 'retired' | 'revoked';
  /** Counts the generations of its kind. */
  number: number;
  revocationReason: string | null;
  publicKeySha256: string;
  version: string;
  createdAt: Date;
}

export const certificateAuthoritySchema = new EntitySchema<CertificateAuthorityRow>({
  name: 'certificate_authority',
  columns: {
    id: { type: 'uuid', primary: true },
    kind: { type: 'text' },
    parentId: { type: 'uuid', name: 'parent_id', nullable: true },
    certificate: { type: 'bytea' },
    sha256: { type: 'text' },
    sealedKey: { type: 'bytea', name: 'sealed_key' },
    status: { type: 'text' },
    number: { type: 'integer' },
    revocationReason: { type: 'text', name: 'revocation_reason', nullable: true },
    publicKeySha256: { type: 'text', name: 'public_key_sha256' },
    version: { type: 'bigint' },
    createdAt: { ...timestamp, name: 'created_at' },
  },
});
