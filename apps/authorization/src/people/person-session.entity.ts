import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'person_session' })
export class PersonSessionRow {
  /** Of what the cookie holds: 256 random bits. */
  @PrimaryColumn({ type: 'text' })
  sha256!: string;

  @Column({ type: 'text', name: 'person_id' })
  personId!: string;

  /** Rights of the sign-in that opened it. */
  @Column({ type: 'text', array: true })
  roles!: string[];

  @Column({ type: 'timestamptz', name: 'opened_at' })
  openedAt!: Date;

  /** To the minute. */
  @Column({ type: 'timestamptz', name: 'last_used_at' })
  lastUsedAt!: Date;

  /** So long unused ends it. */
  @Column({ type: 'integer', name: 'idle_ms' })
  idleMs!: number;

  @Column({ type: 'timestamptz', name: 'ends_at' })
  endsAt!: Date;
}

/** @param now milliseconds since 1970 */
export function hasEnded({ lastUsedAt, idleMs, endsAt }: PersonSessionRow, now: number): boolean {
  return endsAt.getTime() <= now || lastUsedAt.getTime() + idleMs <= now;
}
