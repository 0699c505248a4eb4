import { notNow, parseDatabaseUrl, postgresClient } from '@sluice/persistence';
import { setTimeout as sleep } from 'node:timers/promises';

const answerMs = 1_000;

/** @returns whether the server can be written on; undefined when it does not answer */
async function isPrimary(url: string): Promise<boolean | undefined> {
  const client = postgresClient(url);
  client.on('error', () => undefined);
  const timer = setTimeout(() => client.connection.stream.destroy(), answerMs);
  try {
    await client.connect();
    const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
    return rows[0]?.standby === false;
  } catch {
    // It is down, or frozen.
    return undefined;
  } finally {
    clearTimeout(timer);
    client.connection.stream.destroy();
  }
}

/** @returns the place of the primary among the servers of the URL */
export async function primaryOf(databaseUrl: string): Promise<number> {
  const { hosts, urlOf } = parseDatabaseUrl(databaseUrl);
  for (;;) {
    const roles = await Promise.all(hosts.map((host) => isPrimary(urlOf(host))));
    const place = roles.indexOf(true);
    if (place >= 0) return place;
    await sleep(100);
  }
}

/** Waits until the standby waits for nothing: each change is on both. */
export async function untilInStep(databaseUrl: string): Promise<void> {
  for (;;) {
    const client = postgresClient(databaseUrl);
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rowCount } = await client.query("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'");
      if (rowCount) return;
    } catch (error) {
      // Neither is the primary just now; anything else is a fault of the drill.
      if (!notNow(error)) throw error;
    } finally {
      client.connection.stream.destroy();
    }
    await sleep(250);
  }
}

/** @returns when that server was first seen to be the primary, on `performance.now`; undefined when it was not until then */
export async function watchPromotion(
  databaseUrl: string,
  place: number,
  ended: () => boolean,
): Promise<number | undefined> {
  const { hosts, urlOf } = parseDatabaseUrl(databaseUrl);
  const host = hosts[place];
  while (host && !ended()) {
    if (await isPrimary(urlOf(host))) return performance.now();
    await sleep(50);
  }
  return undefined;
}
