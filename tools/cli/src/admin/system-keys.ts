import { postgresClient, type PostgresClient } from '@sluice/persistence';
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readStackFacts } from '../stack-facts.js';

const maxWaitMs = 60_000;
const lockNotAvailable = '55P03';

/** A schema that no service's role reaches: an advisory lock any of them could hold. */
const keyLock = 'sluice_administration.house_keys';

async function prepareLock(client: PostgresClient): Promise<void> {
  await client.query('CREATE SCHEMA IF NOT EXISTS sluice_administration');
  await client.query(`CREATE TABLE IF NOT EXISTS ${keyLock} ()`);
}

/** One rotation at a time, and none while a backup is made. A program that dies lets go of it. */
export async function withKeysHeld<T>(databaseUrl: string, work: () => Promise<T>): Promise<T> {
  const client = postgresClient(databaseUrl);
  await client.connect();
  try {
    await prepareLock(client);
    await client.query('BEGIN');
    await client.query(`LOCK TABLE ${keyLock} IN EXCLUSIVE MODE NOWAIT`).catch((error: unknown) => {
      if ((error as { code?: string }).code !== lockNotAvailable) throw error;
      throw new Error('Another rotation or a backup is under way: try again when it has ended.', { cause: error });
    });
    return await work();
  } finally {
    await client.end();
  }
}

/** Begins a read-only transaction that sees one moment, and keeps the keys as they are until it ends. */
export async function beginWithKeysKept(client: PostgresClient): Promise<void> {
  await prepareLock(client);
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  // The moment is that of the first look at a table, and so after this.
  await client.query(`LOCK TABLE ${keyLock} IN SHARE MODE`);
}

/** Replaces a file of secrets so that not even a power failure loses it: something may be sealed by it a moment later. */
export function replaceSecret(path: string, content: string): void {
  const part = `${path}.${process.pid}`;
  writeFileSync(part, content, { mode: 0o600, flush: true });
  renameSync(part, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * Waits until every process of the services shows in its metrics what it is waited for, those that start meanwhile too.
 * @throws Error naming who does not, after a minute
 */
export async function untilMetrics(
  services: readonly string[],
  what: string,
  shows: (metrics: string) => boolean,
): Promise<void> {
  const deadline = performance.now() + maxWaitMs;
  for (;;) {
    const { pids, health } = readStackFacts(process.env);
    const states = await Promise.all(
      services.map(async (service) => {
        const texts = await Promise.all((health[service] ?? []).map(readMetrics));
        return { service, is: texts.length >= (pids[service]?.length ?? 0) && texts.every((text) => shows(text)) };
      }),
    );
    const missing = states.filter(({ is }) => !is).map(({ service }) => service);
    if (missing.length === 0) return;
    if (performance.now() > deadline) throw new Error(`${missing.join(', ')} did not ${what} within a minute.`);
    await pause(200);
  }
}

async function readMetrics(url: string): Promise<string> {
  try {
    return await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(2_000) })).text();
  } catch {
    // It is being started again: what it shows then is asked for.
    return '';
  }
}
