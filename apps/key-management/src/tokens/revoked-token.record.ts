import { stateKey, type RevokedTokenRecord } from '@sluice/contracts';
import { nextRecordVersion } from '@sluice/persistence';
import type { ChangeScope } from '@sluice/service-shell';
import { RevokedTokenRow } from './revoked-token.entity.js';

export function toRevokedTokenRecord(row: RevokedTokenRow): RevokedTokenRecord {
  return {
    key: stateKey.revokedToken(row.id),
    version: Number(row.version),
    deleted: false,
    id: row.id,
    expiresAtMs: row.expiresAt.getTime(),
  };
}

/** Forgets that a token was revoked: it is over, or what it rests on is gone. */
export async function forgetRevokedToken(change: ChangeScope, row: RevokedTokenRow): Promise<void> {
  await change.manager.delete(RevokedTokenRow, { id: row.id });
  const version = await nextRecordVersion(change.manager, stateKey.revokedToken(row.id));
  change.state({ ...toRevokedTokenRecord(row), version, deleted: true });
}
