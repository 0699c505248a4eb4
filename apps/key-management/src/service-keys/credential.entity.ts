import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'credential' })
export class CredentialRow {
  @PrimaryColumn({ type: 'text' })
  sha256!: string;

  @Column({ type: 'uuid', name: 'service_key_id' })
  serviceKeyId!: string;

  @Column({ type: 'bytea' })
  certificate!: Buffer;

  /** The CA certificate that issued it, when that is one of ours. */
  @Column({ type: 'uuid', name: 'issued_by', nullable: true })
  issuedBy!: string | null;

  @Column({ type: 'text', name: 'subject_dn' })
  subjectDn!: string;

  @Column({ type: 'text', name: 'issuer_dn' })
  issuerDn!: string;

  @Column({ type: 'text', name: 'serial_number' })
  serialNumber!: string;

  @Column({ type: 'timestamptz', name: 'not_before' })
  notBefore!: Date;

  @Column({ type: 'timestamptz', name: 'not_after' })
  notAfter!: Date;

  /** False for the certificate an unpinned key was registered with: its names grant access, not the certificate. */
  @Column({ type: 'boolean' })
  pinned!: boolean;

  /** Hex SHA-256 of the two canonical names. */
  @Column({ type: 'text', name: 'names_digest' })
  namesDigest!: string;

  /** `retired` is written when its end has come and was entered for the CRL; the end itself needs no writing. */
  @Column({ type: 'text' })
  status!: 'active' | 'retiring' | 'retired' | 'revoked';

  @Column({ type: 'timestamptz', name: 'retires_at', nullable: true })
  retiresAt!: Date | null;

  /** With this it ends only when it was not seen for so long, `retiresAt` at the earliest. */
  @Column({ type: 'integer', name: 'retire_after_unused_days', nullable: true })
  retireAfterUnusedDays!: number | null;

  /** Since when its scheduled end is put off: it is the last usable certificate of its key. */
  @Column({ type: 'timestamptz', name: 'postponed_at', nullable: true })
  postponedAt!: Date | null;

  @Column({ type: 'timestamptz', name: 'last_used_at', nullable: true })
  lastUsedAt!: Date | null;

  /** The smallest of the thresholds at which `service-key.expiring` was said. */
  @Column({ type: 'integer', name: 'expiring_told', nullable: true })
  expiringTold!: number | null;

  @Column({ type: 'timestamptz', name: 'expired_told_at', nullable: true })
  expiredToldAt!: Date | null;

  /** Hex SHA-256 of the SubjectPublicKeyInfo. */
  @Column({ type: 'text', name: 'public_key_sha256' })
  publicKeySha256!: string;

  @Column({ type: 'timestamptz', name: 'revoked_at', nullable: true })
  revokedAt!: Date | null;

  @Column({ type: 'text', name: 'revocation_reason', nullable: true })
  revocationReason!: string | null;

  @Column({ type: 'bigint' })
  version!: string;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
