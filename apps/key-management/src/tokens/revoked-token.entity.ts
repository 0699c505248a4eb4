import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An access token that its client revoked before its end. */
@Entity({ name: 'revoked_token' })
export class RevokedTokenRow {
  /** Its `jti`. */
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'uuid', name: 'service_key_id' })
  serviceKeyId!: string;

  @Column({ type: 'timestamptz', name: 'expires_at' })
  expiresAt!: Date;

  @Column({ type: 'bigint' })
  version!: string;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
