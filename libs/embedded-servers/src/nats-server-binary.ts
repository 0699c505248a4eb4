import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync, copyFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { cacheFolder, unpackFromDebian } from './debian-packages.js';
import { requireOwn } from './own-file.js';

/** The oldest that is tested. 2.10.20 to 2.10.22 lose streams when they are restarted, and those before have other known faults. */
const minimumVersion = [2, 10, 27] as const;
const minimum = minimumVersion.join('.');

/** Debian suites whose nats-server runs on this and later releases of Debian, in the order they are tried. */
const suites = ['trixie', 'sid'];

const advice = `Install nats-server ${minimum} or later (https://github.com/nats-io/nats-server/releases) so that it is on the PATH, or set NATS_URL to a running one.`;

/**
 * Finds a nats-server that is new enough: on the PATH, in the cache of an earlier call, or from Debian's archive by apt
 * without root.
 * @param say told what is going on when it takes a while, and why one that is there is not taken
 * @throws Error with one sentence that says how to get it, or whose file it is that could be executed in its place
 */
export function locateNatsServer(say: (message: string) => void = () => {}): string {
  const found = findNatsServer(say);
  if (found !== undefined) return found;
  say('fetching nats-server from Debian');
  return fetchFromDebian(join(cacheFolder(), 'nats-server'));
}

/** @returns the one on the PATH or in the cache; undefined when one is to be fetched */
export function findNatsServer(
  say: (message: string) => void,
  environment: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const onPath = (environment['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'nats-server'))
    .find((path) => existsSync(path));
  const version = onPath && versionOf(onPath);
  if (onPath && version && isNewEnough(version)) return onPath;
  if (onPath) {
    const why = version
      ? `is version ${version.join('.')}, and below ${minimum} it is not tested or loses streams`
      : 'does not start';
    say(`${onPath} ${why}: install ${minimum} or later; until then another one is used`);
  }
  const cached = join(cacheFolder(environment), 'nats-server');
  if (!existsSync(cached)) return undefined;
  requireOwn(cached);
  const cachedVersion = versionOf(cached);
  return cachedVersion && isNewEnough(cachedVersion) ? cached : undefined;
}

type Version = readonly [number, number, number];

function versionOf(binary: string): Version | undefined {
  try {
    const [, ...parts] =
      /v(\d+)\.(\d+)\.(\d+)/.exec(execFileSync(binary, ['--version'], { stdio: 'pipe' }).toString()) ?? [];
    const [major, minor, patch] = parts.map(Number);
    return major === undefined || minor === undefined || patch === undefined ? undefined : [major, minor, patch];
  } catch {
    return undefined;
  }
}

function isNewEnough(version: Version): boolean {
  const differs = version.findIndex((part, index) => part !== minimumVersion[index]);
  return differs === -1 || (version[differs] ?? 0) > (minimumVersion[differs] ?? 0);
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
        const version = versionOf(target);
        if (version && isNewEnough(version)) return target;
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
