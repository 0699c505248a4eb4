import type { AdminClient } from '@sluice/admin-client';
import { resealKeys } from '@sluice/contracts';
import { masterKey, parseMasterKeys, type MasterKey } from '@sluice/persistence';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dim, line } from '../terminal.js';
import { replaceSecret, untilMetrics, withKeysHeld } from './system-keys.js';

/**
 * Gives the running local stack another master key. Ended at any point it leaves all that is sealed open to the keys in the
 * file, and goes on from there when it is run again.
 */
export async function rotateMasterKey(client: AdminClient, home: string, databaseUrl: string): Promise<void> {
  const file = join(home, 'secrets', 'master.key');
  await withKeysHeld(databaseUrl, async () => {
    const present = parseMasterKeys(readFileSync(file, 'utf8'));
    const keys = present.length > 1 ? present : ([masterKey(randomBytes(32)), ...present] as const);
    const newest = keys[0].id.toString('hex');
    if (present.length > 1) line(`Going on with the rotation to ${newest} that was not ended.`);
    else replaceSecret(file, text(keys));
    line(`1  The new master key ${newest} is in front in the file.`);
    await untilMetrics(['key-management'], 'read the file', (metrics) =>
      metrics.includes(`sluice_master_key{id="${newest}"} 1\n`),
    );
    line('2  Every process of key-management seals under it.');
    const { masterKey: sealedUnder, resealed, remaining } = await client.call(resealKeys, {});
    if (sealedUnder !== newest || remaining > 0)
      throw new Error(`${remaining} keys are still sealed under an older master key: run the command again.`);
    line(`3  Sealed ${resealed} private keys anew; 0 are under an older master key.`);
    replaceSecret(file, text([keys[0]]));
    await untilMetrics(
      ['key-management'],
      'let go of the old master key',
      (metrics) => metrics.match(/^sluice_master_key\{/gm)?.length === 1,
    );
    line('4  The old master key is removed, and no process has it any more.');
    line(dim('Backups made before are opened with the master key that is in them. Make a new one now.'));
  });
}

function text(keys: readonly MasterKey[]): string {
  return keys.map(({ key }) => `${key.toString('base64')}\n`).join('');
}
