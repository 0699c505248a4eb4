import type { Stats } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  lchown,
  mkdir,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

export interface StandbyOptions {
  /** The data directory of the primary, on this machine. */
  readonly primaryDirectory: string;
  readonly primaryPort: number;
  /** Of the superuser `postgres`. */
  readonly password: string;
  /** Is replaced. */
  readonly dataDirectory: string;
  /** By which the primary knows the standby: in `synchronous_standby_names`, and as the name of its replication slot. */
  readonly name: string;
}

/** Not part of a base backup (PostgreSQL documentation, "Backing Up the Data Directory"). */
const leftOut: ReadonlySet<string> = new Set([
  'postmaster.pid',
  'postmaster.opts',
  'postgresql.auto.conf',
  'standby.signal',
  'recovery.signal',
  'pg_internal.init',
]);
const emptied: ReadonlySet<string> = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
]);

/**
 * Copies a running primary into the data directory of a standby of it, by the low-level backup API: the packages have no
 * pg_basebackup. A slot on the primary keeps the log that the standby still needs.
 */
export async function makeStandby(options: StandbyOptions): Promise<void> {
  const { primaryDirectory, dataDirectory, primaryPort, password, name } = options;
  const client = new pg.Client({
    host: '127.0.0.1',
    port: primaryPort,
    user: 'postgres',
    database: 'postgres',
    password,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await dropSlot(client, name);
    await client.query('SELECT pg_create_physical_replication_slot($1, true)', [name]);
    await client.query('SELECT pg_backup_start($1, true)', [name]);
    await rm(dataDirectory, { recursive: true, force: true });
    const owner = await stat(primaryDirectory);
    await copyFolder(primaryDirectory, dataDirectory, owner, true);
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    const write = async (file: string, content: string) => {
      const path = join(dataDirectory, file);
      await writeFile(path, content, { mode: 0o600 });
      await chown(path, owner.uid, owner.gid);
    };
    await write('backup_label', rows[0]?.labelfile ?? '');
    await write('standby.signal', '');
    await write('postgresql.auto.conf', standbyConfiguration(options));
  } finally {
    await client.end();
  }
}

/** Which primary a standby follows. Its file is read by the server's user alone. */
export function standbyConfiguration({
  primaryPort,
  password,
  name,
}: Omit<StandbyOptions, 'primaryDirectory' | 'dataDirectory'>): string {
  const quote = (value: string) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const connection = `host=127.0.0.1 port=${primaryPort} user=postgres password=${quote(password)} application_name=${name}`;
  return `primary_conninfo = '${connection.replaceAll("'", "''")}'\nprimary_slot_name = '${name}'\n`;
}

async function dropSlot(client: pg.Client, name: string): Promise<void> {
  await client.query(
    'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1 AND active_pid IS NOT NULL',
    [name],
  );
  await client.query(
    'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1 AND NOT active',
    [name],
  );
}

async function copyFolder(from: string, to: string, owner: Stats, whole: boolean): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o700);
  await chown(to, owner.uid, owner.gid);
  if (!whole) return;
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (leftOut.has(entry.name) || entry.name.startsWith('pgsql_tmp')) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    try {
      if (entry.isDirectory()) {
        await copyFolder(source, target, owner, !emptied.has(entry.name));
        if (entry.name === 'pg_wal')
          await copyFolder(join(source, 'archive_status'), join(target, 'archive_status'), owner, false);
      } else if (entry.isSymbolicLink()) {
        await symlink(await readlink(source), target);
        await lchown(target, owner.uid, owner.gid);
      } else {
        await copyFile(source, target);
        await chown(target, owner.uid, owner.gid);
      }
    } catch (error) {
      // The server goes on meanwhile, and removes files; the log has what became of them.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
