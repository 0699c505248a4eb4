import { allRights, installation } from '@sluice/domain';
import { lockRow } from '@sluice/persistence';
import { readFileSync } from 'node:fs';
import type { DataSource } from 'typeorm';
import { AdminTokenRow, EnteredTokenRow } from './admin-token.entity.js';
import { countFullTokens } from './full-tokens.js';

/**
 * Enters the first admin token, when no other may do everything: in a new installation, or when all such tokens have ended. Each is entered
 * once, so that one that was revoked stays so.
 */
export async function enterInitialToken(dataSource: DataSource, hashFile: string, now: number): Promise<void> {
  const sha256 = readFileSync(hashFile, 'utf8').trim();
  if (!/^[0-9a-f]{64}$/.test(sha256))
    throw new Error(`${hashFile} must hold the SHA-256 of the first admin token in hexadecimal.`);
  await dataSource.transaction(async (manager) => {
    await lockRow(manager, 'initial-admin-token');
    if (await manager.existsBy(EnteredTokenRow, { sha256 })) return;
    await manager.insert(EnteredTokenRow, { sha256 });
    if ((await countFullTokens(manager, now)) > 0) return;
    await manager.save(AdminTokenRow, {
      name: 'initial',
      sha256,
      roles: [allRights],
      expiresAt: null,
      lastUsedAt: null,
      expiryAnnouncedAt: null,
      createdBy: installation,
      makers: [installation],
      createdAt: new Date(now),
    });
  });
}
