import { execFileSync } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireOwn } from './own-file.js';

/**
 * Where programs that were fetched are kept: a folder that nobody but this user, or root, can put anything into, for what is in it
 * is executed.
 * @throws Error when there is no place
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const temporary = environment['TMPDIR'] ?? tmpdir();
  for (const folder of [join(base, 'sluice'), join(temporary, `sluice-cache-${process.getuid?.() ?? 'user'}`)]) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      accessSync(folder, constants.W_OK);
    } catch {
      continue;
    }
    requireOwn(folder, { whole: true });
    chmodSync(folder, 0o700);
    return folder;
  }
  throw new Error('there is no writable cache folder: set XDG_CACHE_HOME');
}

/**
 * Fetches packages of a Debian suite, whatever this machine runs, and unpacks them: without root, and without a change to what is
 * installed.
 * @param packages names, or a choice among a package and all that it depends on
 * @param folder is made
 * @throws Error with one line that says what was not possible
 */
export function unpackFromDebian(suite: string, packages: readonly string[] | PackageChoice, folder: string): void {
  const archive = debianArchive();
  const work = mkdtempSync(join(tmpdir(), 'sluice-apt-'));
  try {
    for (const place of ['lists/partial', 'cache/archives/partial', 'deb'])
      mkdirSync(join(work, place), { recursive: true });
    const sourceList = join(work, 'sources.list');
    writeFileSync(
      sourceList,
      `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${archive} ${suite} main\n`,
    );
    const settings = {
      'Dir::Etc::sourcelist': sourceList,
      'Dir::Etc::sourceparts': '-',
      'Dir::State::lists': join(work, 'lists'),
      'Dir::Cache': join(work, 'cache'),
      // What is installed here is of another suite.
      'Dir::State::status': '/dev/null',
      'APT::Sandbox::User': 'root',
      'Acquire::Languages': 'none',
      'Acquire::Retries': '3',
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const run = (command: string, args: readonly string[]) =>
      execFileSync(command, args, { cwd: join(work, 'deb'), stdio: 'pipe', timeout: 300_000 }).toString();
    run('apt-get', [...options, 'update']);
    const names =
      'of' in packages
        ? run('apt-cache', [...options, 'depends', '--recurse', ...onlyDepends, packages.of])
            .split('\n')
            .filter((line) => /^[a-z0-9]/.test(line) && !line.includes(':') && packages.wanted(line))
        : packages;
    run('apt-get', [...options, 'download', ...new Set(names)]);
    for (const deb of readdirSync(join(work, 'deb'))) run('dpkg', ['-x', deb, folder]);
  } catch (error) {
    throw new Error(lastLine(error), { cause: error });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

export interface PackageChoice {
  readonly of: string;
  wanted(name: string): boolean;
}

const onlyDepends = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
  (kind) => `--no-${kind}`,
);

/** The address of Debian's archive as this machine's own apt knows it. */
function debianArchive(): string {
  let targets: string;
  try {
    targets = execFileSync('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'], {
      stdio: 'pipe',
    }).toString();
  } catch (error) {
    throw new Error(`apt cannot say where Debian is (${lastLine(error)})`, { cause: error });
  }
  const uri = targets.split('\n').find((line) => /\/debian\/?$/.test(line));
  if (uri === undefined) throw new Error("this machine's apt has no Debian archive");
  return uri;
}

function lastLine(error: unknown): string {
  const stderr = (error as { stderr?: Buffer }).stderr?.toString().trim();
  return (stderr || (error instanceof Error ? error.message : String(error))).split('\n').at(-1) ?? '';
}
