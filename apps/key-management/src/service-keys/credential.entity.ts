import { EntitySchema } from 'typeorm';
import { timestamp } from '../persistence/timestamp.js';

export interface CredentialRow {
  sha256: string;
  serviceKeyId: string;
  certificate: Buffer;
  /** The CA certificate that issued it, when that is one of ours. */
  issuedBy: string | null;
  subjectDn: string;
  issuerDn: string;
  serialNumber: string;
  notBefore: Date;
  notAfter: Date;
  /** False for the certificate an unpinned key was registered with: its names open the door, not the certificate. */
  pinned: boolean;
  /** Hex SHA-256 of the two canonical names. */
  namesDigest: string;
  /** `retired` is written when its end has come and was entered for the CRL; the end itself needs no writing. */
  status: 'active' | 'retiring' | 'retired' | 'revoked';
  retiresAt: Date | null;
  /** With this it ends only when it was not seen for so long, `retiresAt` at the earliest. */
  retireAfterUnusedDays: number | null;
  /** Since when its scheduled end is put off: it is the last usable certificate of its key. */
  postponedAt: Date | null;
  lastUsedAt: Date | null;
  /** The smallest of the thresholds at which `service-key.expiring` was said. */
  expiringTold: number | null;
  expiredToldAt: Date | null;
  /** Hex SHA-256 of the SubjectPublicKeyInfo. */
  publicKeySha256: string;
  revokedAt: Date | null;
  revocationReason: string | null;
  version: string;
  createdAt: Date;
}

export const credentialSchema = new EntitySchema<CredentialRow>({
  name: 'credential',
  columns: {
    sha256: { type: 'text', primary: true },
    serviceKeyId: { type: 'uuid', name: 'service_key_id' },
    certificate: { type: 'bytea' },
    issuedBy: { type: 'uuid', name: 'issued_by', nullable: true },
    subjectDn: { type: 'text', name: 'subject_dn' },
    issuerDn: { type: 'text', name: 'issuer_dn' },
    serialNumber: { type: 'text', name: 'serial_number' },
    notBefore: { ...timestamp, name: 'not_before' },
    notAfter: { ...timestamp, name: 'not_after' },
    pinned: { type: 'boolean' },
    namesDigest: { type: 'text', name: 'names_digest' },
    status: { type: 'text' },
    retiresAt: { ...timestamp, name: 'retires_at', nullable: true },
    retireAfterUnusedDays: { type: 'integer', name: 'retire_after_unused_days', nullable: true },
    postponedAt: { ...timestamp, name: 'postponed_at', nullable: true },
    lastUsedAt: { ...timestamp, name: 'last_used_at', nullable: true },
    expiringTold: { type: 'integer', name: 'expiring_told', nullable: true },
    expiredToldAt: { ...timestamp, name: 'expired_told_at', nullable: true },
    publicKeySha256: { type: 'text', name: 'public_key_sha256' },
    revokedAt: { ...timestamp, name: 'revoked_at', nullable: true },
    revocationReason: { type: 'text', name: 'revocation_reason', nullable: true },
    version: { type: 'bigint' },
    createdAt: { ...timestamp, name: 'created_at' },
  },
});
