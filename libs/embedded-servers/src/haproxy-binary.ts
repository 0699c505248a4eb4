import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cacheFolder, unpackFromDebian } from './debian-packages.js';
import { requireOwn } from './own-file.js';

/** Which Debian carries which line. */
const suites = { '2.6': 'bookworm', '3.0': 'trixie' } as const;

export type HaproxyLine = keyof typeof suites;

/** How a program is started: further arguments follow these. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Finds an HAProxy of a release line: on the PATH, in the cache of an earlier call, or from Debian's archive by apt without
 * root, with the libraries of its own suite.
 * @throws Error with one sentence that says how to get it
 */
export function locateHaproxy(line: HaproxyLine): Program {
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    // Not every user has it there.
    .concat('/usr/sbin')
    .map((folder) => join(folder, 'haproxy'))
    .find((path) => existsSync(path));
  if (onPath && isOfLine({ command: onPath, args: [] }, line)) return { command: onPath, args: [] };
  try {
    const folder = join(cacheFolder(), `haproxy-${line}`);
    if (existsSync(folder)) requireOwn(folder);
    const cached = programIn(folder);
    if (cached && isOfLine(cached, line)) return cached;
    const fetched = mkdtempSync(`${folder}.`);
    unpackFromDebian(suites[line], { of: 'haproxy', wanted: isOfProgram }, fetched);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fetched, folder);
    const program = programIn(folder);
    if (program && isOfLine(program, line)) return program;
    throw new Error(`${suites[line]} holds no HAProxy ${line} that runs here`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `HAProxy ${line} was not found, and could not be fetched from Debian (${why}). Install haproxy ${line} so that it is on the PATH.`,
      { cause: error },
    );
  }
}

const isOfProgram = (name: string) => name === 'haproxy' || name === 'zlib1g' || name.startsWith('lib');

/** By the loader of its own suite: that of this machine may be older than its libraries. */
function programIn(folder: string): Program | undefined {
  const binary = join(folder, 'usr/sbin/haproxy');
  if (!existsSync(binary)) return undefined;
  const libraries = ['lib', 'usr/lib']
    .map((place) => join(folder, place))
    .filter((place) => existsSync(place))
    .flatMap((place) => readdirSync(place).map((name) => join(place, name)))
    .filter((place) => place.endsWith('-linux-gnu'));
  const loader = libraries
    .flatMap((place) => readdirSync(place).map((name) => join(place, name)))
    .find((path) => /\/ld-linux-[^/]*\.so\.\d+$/.test(path));
  return loader === undefined ? undefined : { command: loader, args: ['--library-path', libraries.join(':'), binary] };
}

function isOfLine({ command, args }: Program, line: HaproxyLine): boolean {
  try {
    const said = execFileSync(command, [...args, '-v'], { stdio: 'pipe' }).toString();
    return said.startsWith(`HAProxy version ${line}.`);
  } catch {
    return false;
  }
}
