import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  copyFileSync,
  chmodSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Before 2.10 consumers and streams lack what we rely on, and older builds have known faults. */
const minimumVersion = [2, 10] as const;

/** Debian suites whose nats-server runs on this and later releases of Debian, in the order they are tried. */
const suites = ['trixie', 'sid'];

const advice =
  'Install nats-server 2.10 or later (https://github.com/nats-io/nats-server/releases) so that it is on the PATH, or set NATS_URL to a running one.';

/**
 * Finds a nats-server that is new enough: on the PATH, in the cache of an earlier call, or from Debian's archive by apt
 * without root.
 * @param say told what is going on when it takes a while
 * @throws Error with one sentence that says how to get it
 */
export function locateNatsServer(say: (message: string) => void = () => {}): string {
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'nats-server'))
    .find((path) => existsSync(path));
  if (onPath && isNewEnough(onPath)) return onPath;
  const cached = join(cacheFolder(), 'nats-server');
  if (existsSync(cached) && isNewEnough(cached)) return cached;
  say(
    onPath
      ? 'nats-server on the PATH is older than 2.10; fetching one from Debian'
      : 'fetching nats-server from Debian',
  );
  return fetchFromDebian(cached);
}

function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  for (const folder of [join(base, 'sluice'), join(tmpdir(), `sluice-cache-${process.getuid?.() ?? 'user'}`)]) {
    try {
      mkdirSync(folder, { recursive: true });
      return folder;
    } catch {
      continue;
    }
  }
  throw new Error(`There is no writable cache folder for nats-server: set XDG_CACHE_HOME. ${advice}`);
}

function isNewEnough(binary: string): boolean {
  try {
    const [, major, minor] =
      /v(\d+)\.(\d+)/.exec(execFileSync(binary, ['--version'], { stdio: 'pipe' }).toString()) ?? [];
    return (
      Number(major) > minimumVersion[0] || (Number(major) === minimumVersion[0] && Number(minor) >= minimumVersion[1])
    );
  } catch {
    return false;
  }
}

function fetchFromDebian(target: string): string {
  const work = mkdtempSync(join(tmpdir(), 'sluice-apt-'));
  try {
    const archive = debianArchive();
    const failures: string[] = [];
    for (const suite of suites) {
      try {
        const found = download(work, archive, suite);
        // A second process may be fetching too: the last rename wins, and either file is whole.
        const whole = `${target}.${process.pid}`;
        copyFileSync(found, whole);
        chmodSync(whole, 0o755);
        renameSync(whole, target);
        if (isNewEnough(target)) return target;
        failures.push(`${suite}: too old`);
      } catch (error) {
        failures.push(`${suite}: ${lastLine(error)}`);
      }
    }
    throw new Error(`nats-server could not be fetched from Debian (${failures.join('; ')}). ${advice}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The address of Debian's archive as this machine's own apt knows it. */
function debianArchive(): string {
  try {
    const targets = execFileSync('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'], {
      stdio: 'pipe',
    });
    const uri = targets
      .toString()
      .split('\n')
      .find((line) => /\/debian\/?$/.test(line));
    if (uri) return uri;
  } catch (error) {
    throw new Error(
      `nats-server is not on the PATH, and apt cannot say where Debian is (${lastLine(error)}). ${advice}`,
      {
        cause: error,
      },
    );
  }
  throw new Error(`nats-server is not on the PATH, and this machine's apt has no Debian archive. ${advice}`);
}

function download(work: string, archive: string, suite: string): string {
  const root = join(work, suite);
  for (const folder of ['lists/partial', 'cache/archives/partial', 'deb'])
    mkdirSync(join(root, folder), { recursive: true });
  const sourceList = join(root, 'sources.list');
  writeFileSync(
    sourceList,
    `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${archive} ${suite} main\n`,
  );
  const settings = {
    'Dir::Etc::sourcelist': sourceList,
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(root, 'lists'),
    'Dir::Cache': join(root, 'cache'),
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const run = (command: string, args: string[]) =>
    execFileSync(command, args, { cwd: join(root, 'deb'), stdio: 'pipe', timeout: 300_000 });
  run('apt-get', [...options, 'update']);
  run('apt-get', [...options, 'download', 'nats-server']);
  const deb = readdirSync(join(root, 'deb')).find((name) => name.endsWith('.deb'));
  if (!deb) throw new Error('apt-get download left no package');
  run('dpkg', ['-x', deb, join(root, 'tree')]);
  const found = ['usr/sbin/nats-server', 'usr/bin/nats-server']
    .map((path) => join(root, 'tree', path))
    .find((path) => existsSync(path));
  if (!found) throw new Error('the package holds no nats-server');
  return found;
}

function lastLine(error: unknown): string {
  const stderr = (error as { stderr?: Buffer }).stderr?.toString().trim();
  return (stderr || (error instanceof Error ? error.message : String(error))).split('\n').at(-1) ?? '';
}
