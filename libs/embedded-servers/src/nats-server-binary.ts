import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync, copyFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { cacheFolder, unpackFromDebian } from './debian-packages.js';

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
    const failures: string[] = [];
    for (const suite of suites) {
      try {
        const found = download(join(work, suite), suite);
        // A second process may be fetching too: the last rename wins, and either file is whole.
        const whole = `${target}.${process.pid}`;
        copyFileSync(found, whole);
        chmodSync(whole, 0o755);
        renameSync(whole, target);
        if (isNewEnough(target)) return target;
        failures.push(`${suite}: too old`);
      } catch (error) {
        failures.push(`${suite}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    throw new Error(`nats-server could not be fetched from Debian (${failures.join('; ')}). ${advice}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function download(folder: string, suite: string): string {
  unpackFromDebian(suite, ['nats-server'], folder);
  const found = ['usr/sbin/nats-server', 'usr/bin/nats-server']
    .map((path) => join(folder, path))
    .find((path) => existsSync(path));
  if (!found) throw new Error('the package holds no nats-server');
  return found;
}
