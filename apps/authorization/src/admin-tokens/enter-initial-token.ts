import { lockRow } from '@sluice/persistence';
import { readFileSync } from 'node:fs';
import type { DataSource } from 'typeorm';
import { AdminTokenRow } from './admin-token.entity.js';

/** Enters the first admin token, once: when there is no other. */
export async function enterInitialToken(dataSource: DataSource, hashFile: string, now: number): Promise<void> {
  const sha256 = readFileSync(hashFile, 'utf8').trim();
  if (!/^[0-9a-f]{64}$/.test(sha256))
    throw new Error(`${hashFile} must hold the SHA-256 of the first admin token in hexadecimal.`);
  await dataSource.transaction(async (manager) => {
    await lockRow(manager, 'initial-admin-token');
    if ((await manager.count(AdminTokenRow)) > 0) return;
    await manager.insert(AdminTokenRow, {
      name: 'initial',
      sha256,
      createdBy: 'installation',
      createdAt: new Date(now),
    });
  });
}
