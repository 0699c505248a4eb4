import { PublishedChanges } from '@sluice/service-shell';
import { Injectable } from '@nestjs/common';
import { RevokedTokenRow } from './revoked-token.entity.js';
import { forgetRevokedToken } from './revoked-token.record.js';

const batchSize = 200;
/** Whose clock is behind still needs to hear of it. */
const skewMs = 10 * 60_000;

/** Forgets revoked tokens that have ended by themselves. */
@Injectable()
export class ForgetRevokedTokens {
  constructor(private readonly changes: PublishedChanges) {}

  /** @param now milliseconds since 1970 */
  async execute(now: number): Promise<void> {
    while ((await this.#batch(now)) === batchSize);
  }

  async #batch(now: number): Promise<number> {
    const { value } = await this.changes.commit(async (change) => {
      const ended = await change.manager
        .getRepository(RevokedTokenRow)
        .createQueryBuilder('row')
        .where('row.expires_at <= :before', { before: new Date(now - skewMs) })
        .orderBy('row.id')
        .limit(batchSize)
        .setLock('pessimistic_write')
        .setOnLocked('skip_locked')
        .getMany();
      for (const row of ended) await forgetRevokedToken(change, row);
      return ended.length;
    });
    return value;
  }
}
