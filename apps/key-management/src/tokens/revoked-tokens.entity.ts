import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An access token that its client revoked before its end: its `jti`, and when it ends by itself, in milliseconds since 1970. */
export interface RevokedToken {
  readonly id: string;
  readonly expiresAtMs: number;
}

/** Those of one service key. */
@Entity({ name: 'revoked_tokens' })
export class RevokedTokensRow {
  @PrimaryColumn({ type: 'uuid', name: 'service_key_id' })
  serviceKeyId!: string;

  /** Never empty. */
  @Column({ type: 'jsonb' })
  tokens!: readonly RevokedToken[];

  /** When the first of them ends by itself. */
  @Column({ type: 'timestamptz', name: 'first_ends_at' })
  firstEndsAt!: Date;

  @Column({ type: 'bigint' })
  version!: string;
}
