import { postgresClient, type PostgresClient } from '@sluice/persistence';
import { spawn } from 'node:child_process';
import { chmodSync, createReadStream, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { projectRoot, readStackFacts } from '../stack-facts.js';
import { dim, line } from '../terminal.js';
import { backupFormat, tablesOf, type BackupLine } from './backup.js';

const readyTimeoutMs = 180_000;

/**
 * Makes a home anew from a backup: first the secrets; then the stack is started on them, so that its services make their
 * tables; then all rows are put there in one transaction, and the stack is ended. The streams it made meanwhile are
 * removed: at the next start they are filled from the tables.
 * @throws Error when the home is in use or not empty, or the file is not a whole backup: then no row is there
 */
export async function restore(home: string, source: string): Promise<void> {
  if (existsSync(join(home, 'secrets')) || existsSync(join(home, 'postgres')))
    throw new Error(`${home} has data already: set SLUICE_HOME to a folder that is empty or absent.`);
  await requireWhole(source);
  for await (const entry of read(source)) if ('file' in entry) putFile(home, entry);
  line('The secrets are in place; starting the stack once, so that it makes its tables.');
  try {
    await withStack(home, async (databaseUrl) => {
      const rows = await loadTables(databaseUrl, source);
      line(`Put back ${rows} rows.`);
    });
  } catch (error) {
    // With the secrets and no rows it would start as another installation. The logs stay.
    for (const made of ['secrets', 'tls', 'postgres', 'nats', 'run', 'stack.json', 'env'])
      rmSync(join(home, made), { recursive: true, force: true });
    throw error;
  }
  rmSync(join(home, 'nats', 'jetstream'), { recursive: true, force: true });
  line(`${home} is as it was when the backup was made. ${dim('npm start starts it and fills the streams.')}`);
}

async function* read(source: string): AsyncIterable<BackupLine> {
  const input = createReadStream(source).pipe(createGunzip());
  for await (const text of createInterface({ input, crlfDelay: Infinity })) yield JSON.parse(text) as BackupLine;
}

async function requireWhole(source: string): Promise<void> {
  let [count, first, whole] = [0, true, false];
  try {
    for await (const entry of read(source)) {
      if (first && !('format' in entry && entry.format === backupFormat)) throw new Error('it has another format');
      first = false;
      if ('file' in entry) count++;
      if ('table' in entry) count += entry.rows.length;
      if ('end' in entry) whole = entry.end === count;
    }
  } catch (error) {
    throw new Error(`${source} cannot be read as a backup: ${(error as Error).message}.`, { cause: error });
  }
  if (!whole) throw new Error(`${source} is not whole: take another backup.`);
}

function putFile(home: string, { file, mode, content }: Extract<BackupLine, { file: string }>): void {
  if (!/^(secrets|tls)\/[\w.-]+$/.test(file)) throw new Error(`The backup names a file that it may not: ${file}.`);
  const path = join(home, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.from(content, 'base64'), { mode });
  chmodSync(path, mode);
}

async function withStack(home: string, work: (databaseUrl: string) => Promise<void>): Promise<void> {
  const stack = spawn(process.execPath, [join(projectRoot, 'tools', 'local-stack', 'dist', 'main.js')], {
    env: { ...process.env, SLUICE_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  stack.stdout?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
  let code: number | null | undefined;
  const ended = new Promise<void>((resolve) =>
    stack.once('exit', (how) => {
      code = how;
      resolve();
    }),
  );
  try {
    const deadline = performance.now() + readyTimeoutMs;
    while (!existsSync(join(home, 'stack.json'))) {
      if (code !== undefined)
        throw new Error(
          `The stack ended with code ${code}: ${said.trim().split('\n').at(-1) ?? ''} Its logs are in ${home}/logs.`,
        );
      if (performance.now() > deadline) throw new Error(`The stack did not come up; its logs are in ${home}/logs.`);
      await pause(100);
    }
    await work(readStackFacts({ SLUICE_HOME: home }).databaseUrl);
  } finally {
    stack.kill('SIGTERM');
    await ended;
  }
}

/** All or nothing. Triggers are off: the rows are put back as they were, the audit trail among them. */
async function loadTables(databaseUrl: string, source: string): Promise<number> {
  const client = postgresClient(databaseUrl);
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL session_replication_role = replica');
    const present = await migrationsOf(client);
    const tables = await tablesOf(client);
    // With what no backup has and rests on it: sessions end.
    await client.query(`TRUNCATE ${tables.join(', ')} RESTART IDENTITY CASCADE`);
    let rows = 0;
    for await (const entry of read(source)) {
      if ('table' in entry) {
        if (!tables.includes(entry.table)) throw new Error(`This version has no table ${entry.table}: ${otherVersion}`);
        await client.query(
          `INSERT INTO ${entry.table} OVERRIDING SYSTEM VALUE
           SELECT r.* FROM unnest($1::json[]) AS given (row), json_populate_record(NULL::${entry.table}, given.row) AS r`,
          [entry.rows],
        );
        rows += entry.rows.length;
      } else if ('sequence' in entry) {
        await client.query('SELECT setval($1::regclass, $2::bigint, $3)', [entry.sequence, entry.value, entry.called]);
      }
    }
    if ((await migrationsOf(client)) !== present) throw new Error(`The tables of the backup differ: ${otherVersion}`);
    await client.query('COMMIT');
    return rows;
  } finally {
    await client.end();
  }
}

const otherVersion = 'restore it with the version that made it, and upgrade afterwards.';

/** Which migrations were run, as one text. */
async function migrationsOf(client: PostgresClient): Promise<string> {
  const names: string[] = [];
  for (const table of (await tablesOf(client)).filter((name) => name.endsWith('.migration'))) {
    const { rows } = await client.query<{ name: string }>(`SELECT name FROM ${table} ORDER BY name`);
    names.push(...rows.map(({ name }) => `${table} ${name}`));
  }
  return names.join('\n');
}
