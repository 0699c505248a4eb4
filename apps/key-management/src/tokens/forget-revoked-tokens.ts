import { PublishedChanges } from '@sluice/service-shell';
import { Injectable } from '@nestjs/common';
import { RevokedTokensRow } from './revoked-tokens.entity.js';
import { writeRevokedTokens } from './revoked-tokens.record.js';

const batchSize = 200;
/** Whose clock is behind still needs to hear of it. */
const skewMs = 10 * 60_000;

/** Forgets revoked tokens that have ended by themselves. */
@Injectable()
export class ForgetRevokedTokens {
  constructor(private readonly changes: PublishedChanges) {}

  /** @param now milliseconds since 1970 */
  async execute(now: number): Promise<void> {
    while ((await this.#batch(now - skewMs)) === batchSize);
  }

  async #batch(before: number): Promise<number> {
    const { value } = await this.changes.commit(async (change) => {
      const ended = await change.manager
        .getRepository(RevokedTokensRow)
        .createQueryBuilder('row')
        .where('row.first_ends_at <= :before', { before: new Date(before) })
        .orderBy('row.service_key_id')
        .limit(batchSize)
        .setLock('pessimistic_write')
        .setOnLocked('skip_locked')
        .getMany();
      for (const { serviceKeyId, tokens } of ended)
        await writeRevokedTokens(
          change,
          serviceKeyId,
          tokens.filter(({ expiresAtMs }) => expiresAtMs > before),
        );
      return ended.length;
    });
    return value;
  }
}
