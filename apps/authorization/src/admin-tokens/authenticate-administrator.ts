import { SluiceError } from '@sluice/domain';
import { CLOCK, ON_FAULT } from '@sluice/service-shell';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import { AdminTokenRow, storedHashes } from './admin-token.entity.js';

/** How exactly it is known when a token was last used. */
const usedEveryMs = 60_000;

export interface Administrator {
  readonly name: string;
  /** Rights at the admin API. */
  readonly roles: string[];
  /** Who made what it is known by, the nearest first; absent: not known. */
  readonly makers?: string[];
}

/** Knows administrators by their admin tokens. */
@Injectable()
export class AuthenticateAdministrator {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly now: () => number,
    @Inject(ON_FAULT) private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  /** @throws SluiceError `unauthenticated`; with `expired` of one that was good */
  async execute(tokenSha256: string, heedsRoles: boolean): Promise<Administrator> {
    const row = await this.dataSource.manager.findOneBy(AdminTokenRow, {
      sha256: In(storedHashes(tokenSha256, heedsRoles)),
    });
    if (!row) throw new SluiceError('unauthenticated', 'The admin token is not known.');
    const now = this.now();
    if (row.expiresAt && row.expiresAt.getTime() <= now)
      throw new SluiceError(
        'unauthenticated',
        `The admin token ${row.name} expired at ${row.expiresAt.toISOString()}: have another one made.`,
        { expired: true },
      );
    // A token that is good lets in though this cannot be written.
    await this.#used(row, now).catch((error: unknown) => this.onFault(error, 'noting the use of an admin token'));
    return { name: row.name, roles: row.roles, ...(row.makers ? { makers: row.makers } : {}) };
  }

  async #used({ name, lastUsedAt }: AdminTokenRow, now: number): Promise<void> {
    const before = new Date(now - usedEveryMs);
    if (lastUsedAt && lastUsedAt > before) return;
    await this.dataSource.manager
      .createQueryBuilder()
      .update(AdminTokenRow)
      .set({ lastUsedAt: new Date(now) })
      .where('name = :name AND (last_used_at IS NULL OR last_used_at <= :before)', { name, before })
      .execute();
  }
}
