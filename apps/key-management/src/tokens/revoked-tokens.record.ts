import { stateKey, type RevokedTokensRecord } from '@sluice/contracts';
import { nextRecordVersion } from '@sluice/persistence';
import type { ChangeScope } from '@sluice/service-shell';
import type { EntityManager } from 'typeorm';
import { RevokedTokensRow, type RevokedToken } from './revoked-tokens.entity.js';

export function toRevokedTokensRecord({ serviceKeyId, tokens, version }: RevokedTokensRow): RevokedTokensRecord {
  return {
    key: stateKey.revokedTokens(serviceKeyId),
    version: Number(version),
    deleted: false,
    serviceKeyId,
    tokens: tokens.map(({ id, expiresAtMs }) => ({ id, expiresAtMs })),
  };
}

/** @returns those of a service key, locked for this transaction: before the version is taken, as whoever forgets them does it too */
export async function findRevokedTokens(
  manager: EntityManager,
  serviceKeyId: string,
): Promise<readonly RevokedToken[] | undefined> {
  const row = await manager.findOne(RevokedTokensRow, { where: { serviceKeyId }, lock: { mode: 'pessimistic_write' } });
  return row?.tokens;
}

/**
 * Writes which tokens of a service key are revoked, for a transaction that has them locked, or holds the key locked where there are none. One record says all of them:
 * there are as many records as keys, however many tokens a client revokes in its life.
 * @param tokens none: the record is taken away
 */
export async function writeRevokedTokens(
  change: ChangeScope,
  serviceKeyId: string,
  tokens: readonly RevokedToken[],
): Promise<void> {
  const version = await nextRecordVersion(change.manager, stateKey.revokedTokens(serviceKeyId));
  const row: RevokedTokensRow = {
    serviceKeyId,
    tokens,
    firstEndsAt: new Date(Math.min(...tokens.map(({ expiresAtMs }) => expiresAtMs))),
    version: String(version),
  };
  if (tokens.length === 0) await change.manager.delete(RevokedTokensRow, { serviceKeyId });
  else await change.manager.upsert(RevokedTokensRow, row, ['serviceKeyId']);
  change.state({ ...toRevokedTokensRecord(row), deleted: tokens.length === 0 });
}
