import { allRights } from '@sluice/domain';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'admin_token' })
export class AdminTokenRow {
  @PrimaryColumn({ type: 'text' })
  name!: string;

  /** As {@link storedHash} makes it. */
  @Column({ type: 'text' })
  sha256!: string;

  /** Rights at the admin API. */
  @Column({ type: 'text', array: true })
  roles!: string[];

  /** Null: it does not expire. */
  @Column({ type: 'timestamptz', name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  @Column({ type: 'timestamptz', name: 'last_used_at', nullable: true })
  lastUsedAt!: Date | null;

  @Column({ type: 'timestamptz', name: 'expiry_announced_at', nullable: true })
  expiryAnnouncedAt!: Date | null;

  @Column({ type: 'text', name: 'created_by' })
  createdBy!: string;

  /** Its maker, who made what that is known by, and so on; null: not known. */
  @Column({ type: 'text', array: true, nullable: true })
  makers!: string[] | null;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}

/** SHA-256 of a token that was the first one of the installation, once, and is not entered again. */
@Entity({ name: 'entered_token' })
export class EnteredTokenRow {
  @PrimaryColumn({ type: 'text' })
  sha256!: string;
}

/** Before the hash of a token with an end, or with less than all rights. */
const limited = 'limited:';

/** What speaks for a token in the table, of a hash (hex). A token is 256 random bits, so a plain hash cannot be guessed backwards. */
export function storedHash(sha256: string, { roles, expiresAt }: Pick<AdminTokenRow, 'roles' | 'expiresAt'>): string {
  // A process of the version before knows neither roles nor ends, and would take it for all and for ever: it does not find it.
  return roles.includes(allRights) && expiresAt === null ? sha256 : `${limited}${sha256}`;
}

/** @param heedsRoles whether who asks holds calls against the roles */
export function storedHashes(sha256: string, heedsRoles: boolean): string[] {
  return heedsRoles ? [sha256, `${limited}${sha256}`] : [sha256];
}
