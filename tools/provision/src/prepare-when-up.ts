import { notNow } from '@sluice/persistence';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterStillBegins, prepareDatabase, type DatabaseRole } from './prepare-database.js';

const retryMs = 1_000;

/**
 * Prepares the database as soon as it can be. Postgres may be a moment behind, or its name, or the roles of its cluster: what will
 * pass is tried again, a refusal by Postgres itself is not.
 * @param cluster whether Patroni keeps the server
 * @param timeoutMs milliseconds after which the last error is thrown
 * @returns and otherwise throws what `prepareDatabase` does
 */
export async function prepareWhenUp(
  adminUrl: string,
  passwordOf: (role: DatabaseRole) => string,
  cluster: boolean,
  timeoutMs: number,
): Promise<string[]> {
  for (const deadline = performance.now() + timeoutMs; ; await sleep(retryMs)) {
    try {
      return await prepareDatabase(adminUrl, passwordOf, cluster);
    } catch (error) {
      const willPass = error instanceof ClusterStillBegins || notNow(error) !== undefined;
      if (!willPass || performance.now() > deadline) throw error;
    }
  }
}
