import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A secret that a key of type `client_secret` is known by. The secret itself is nowhere. */
@Entity({ name: 'client_secret' })
export class ClientSecretRow {
  /** Tells nothing of the secret. */
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'uuid', name: 'service_key_id' })
  serviceKeyId!: string;

  /** As `hashSecret` makes it. */
  @Column({ type: 'text' })
  hash!: string;

  /** The end of one that is `retiring` needs no writing: `retired` is never stored. */
  @Column({ type: 'text' })
  status!: 'active' | 'retiring' | 'revoked';

  @Column({ type: 'timestamptz', name: 'retires_at', nullable: true })
  retiresAt!: Date | null;

  /** With this it ends only when it was not used for so long, `retiresAt` at the earliest. */
  @Column({ type: 'integer', name: 'retire_after_unused_days', nullable: true })
  retireAfterUnusedDays!: number | null;

  /** Since when its scheduled end is put off: it is the last usable secret of its key. */
  @Column({ type: 'timestamptz', name: 'postponed_at', nullable: true })
  postponedAt!: Date | null;

  /** Null: it does not expire. */
  @Column({ type: 'timestamptz', name: 'not_after', nullable: true })
  notAfter!: Date | null;

  @Column({ type: 'timestamptz', name: 'last_used_at', nullable: true })
  lastUsedAt!: Date | null;

  /** The smallest of the thresholds at which `service-key.expiring` was said. */
  @Column({ type: 'integer', name: 'expiring_told', nullable: true })
  expiringTold!: number | null;

  @Column({ type: 'timestamptz', name: 'expired_told_at', nullable: true })
  expiredToldAt!: Date | null;

  @Column({ type: 'timestamptz', name: 'revoked_at', nullable: true })
  revokedAt!: Date | null;

  @Column({ type: 'text', name: 'revocation_reason', nullable: true })
  revocationReason!: string | null;

  @Column({ type: 'bigint' })
  version!: string;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
