import { postgresClient, type PostgresClient } from '@sluice/persistence';
import { createWriteStream, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { dim, line } from '../terminal.js';
import { beginWithKeysKept } from './system-keys.js';

export const backupFormat = 'sluice-backup-1';
/** Each service's own, and the one that its audit trail is in. */
export const backedUpSchemas = ['key_management', 'authorization', 'flow_runtime'].flatMap((service) => [
  service,
  `${service}_audit`,
]);
/** Folders of the home without which the tables are of no use, or senders would trust another server. */
const folders = ['secrets', 'tls'] as const;
const rowsAtOnce = 500;

/** One line of a backup. */
export type BackupLine =
  | { readonly format: string; readonly madeAt: string }
  | { readonly file: string; readonly mode: number; readonly content: string }
  | { readonly table: string; readonly rows: readonly string[] }
  | { readonly sequence: string; readonly value: string; readonly called: boolean }
  | { readonly end: number };

/**
 * Writes secrets, certificates and every table of the services, as they are at one moment, into one gzipped file of JSON
 * lines. The streams are not in it: they are made anew from the tables.
 */
export async function backUp(home: string, databaseUrl: string, target: string): Promise<void> {
  const client = postgresClient(databaseUrl);
  await client.connect();
  const part = `${target}.part`;
  try {
    await beginWithKeysKept(client);
    const source = Readable.from(lines(home, client));
    await pipeline(source, createGzip(), createWriteStream(part, { mode: 0o600 }));
    renameSync(part, target);
  } finally {
    rmSync(part, { force: true });
    await client.end();
  }
  line(`Wrote ${target} ${dim(`(${statSync(target).size} bytes)`)}`);
  line('It holds the master key and every secret: keep it like them, for example encrypted and on another machine.');
}

async function* lines(home: string, client: PostgresClient): AsyncIterable<string> {
  let count = 0;
  const encode = (entry: BackupLine) => `${JSON.stringify(entry)}\n`;
  yield encode({ format: backupFormat, madeAt: new Date().toISOString() });
  for (const folder of folders) {
    for (const name of readdirSync(join(home, folder))) {
      const path = join(home, folder, name);
      if (!statSync(path).isFile()) continue;
      const content = readFileSync(path).toString('base64');
      yield encode({ file: `${folder}/${name}`, mode: statSync(path).mode & 0o777, content });
      count++;
    }
  }
  for (const table of await tablesOf(client)) {
    await client.query(`DECLARE backup_rows CURSOR FOR SELECT row_to_json(r)::text AS row FROM ${table} AS r`);
    for (;;) {
      const { rows } = await client.query<{ row: string }>(`FETCH ${rowsAtOnce} FROM backup_rows`);
      if (rows.length === 0) break;
      yield encode({ table, rows: rows.map(({ row }) => row) });
      count += rows.length;
    }
    await client.query('CLOSE backup_rows');
  }
  for (const sequence of await sequencesOf(client)) {
    const { rows } = await client.query<{ value: string; called: boolean }>(
      `SELECT last_value::text AS value, is_called AS called FROM ${sequence}`,
    );
    if (rows[0]) yield encode({ sequence, ...rows[0] });
  }
  yield encode({ end: count });
}

/** Tables with rows of their own: a partition's rows are its parent's. Names are quoted and qualified. */
export async function tablesOf(client: PostgresClient): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND NOT c.relispartition ORDER BY 1`,
    [backedUpSchemas],
  );
  return rows.map(({ name }) => name);
}

async function sequencesOf(client: PostgresClient): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY ($1) AND c.relkind = 'S' ORDER BY 1`,
    [backedUpSchemas],
  );
  return rows.map(({ name }) => name);
}
