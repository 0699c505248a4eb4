import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'admin_session' })
export class AdminSessionRow {
  /** Of what the cookie holds: 256 random bits. */
  @PrimaryColumn({ type: 'text' })
  sha256!: string;

  @Column({ type: 'text', name: 'token_name' })
  tokenName!: string;

  @Column({ type: 'timestamptz', name: 'opened_at' })
  openedAt!: Date;

  /** To the minute. */
  @Column({ type: 'timestamptz', name: 'last_used_at' })
  lastUsedAt!: Date;

  @Column({ type: 'timestamptz', name: 'ends_at' })
  endsAt!: Date;
}
