import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer } from './nats-server-binary.js';

const root = process.getuid?.() === 0;
const nobody = 65_534;

let folder: string;
const said: string[] = [];
let environment: Record<string, string>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-binary-'));
  said.length = 0;
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'cache', 'sluice'), { recursive: true, mode: 0o700 });
  environment = { PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache') };
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A program that says its version as nats-server does, by nothing but the shell. */
function plant(path: string, version: string, mode = 0o755): string {
  writeFileSync(path, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  chmodSync(path, mode);
  return path;
}
const onPath = () => join(folder, 'bin', 'nats-server');
const inCache = () => join(folder, 'cache', 'sluice', 'nats-server');
const locate = () => findNatsServer((message) => void said.push(message), environment);

describe('which nats-server is started', () => {
  it.each(['2.10.27', '2.10.28', '2.11.0', '3.0.0'])('the one on the PATH when it is %s', (version) => {
    plant(onPath(), version);
    expect(locate()).toBe(onPath());
    expect(said).toEqual([]);
  });

  it.each(['2.9.10', '2.10.19', '2.10.20', '2.10.21', '2.10.22', '2.10.26', 'next'])(
    'never the one on the PATH when it is %s, and that is said',
    (version) => {
      plant(onPath(), version);
      plant(inCache(), '2.10.27');
      expect(locate()).toBe(inCache());
      expect(said).toHaveLength(1);
      expect(said[0]).toContain(onPath());
      expect(said[0]).toMatch(version === 'next' ? /does not start/ : new RegExp(`is version ${version}`));
    },
  );

  it('is to be fetched when none is there that may be taken', () => {
    plant(onPath(), '2.10.21');
    plant(inCache(), '2.10.26');
    expect(locate()).toBeUndefined();
    expect(said[0]).toMatch(/install 2\.10\.27 or later; until then another one is used$/);
  });

  it('keeps its cache where nobody else comes', () => {
    rmSync(join(folder, 'cache', 'sluice'), { recursive: true });
    expect(locate()).toBeUndefined();
    expect(statSync(join(folder, 'cache', 'sluice')).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['the file may be written to by others', () => void plant(inCache(), '2.10.27', 0o777)],
    ['the folder may be written to by others', () => chmodSync(join(folder, 'cache', 'sluice'), 0o777)],
    ['the folder is one like /tmp', () => chmodSync(join(folder, 'cache', 'sluice'), 0o1777)],
    ['a folder on the way may be written to by others', () => chmodSync(join(folder, 'cache'), 0o777)],
    [
      'the file is a link',
      () => {
        rmSync(inCache());
        symlinkSync(plant(join(folder, 'elsewhere'), '2.10.27'), inCache());
      },
    ],
    ...(root
      ? ([
          [
            'the folder may be written to by a group of others',
            () => {
              chownSync(join(folder, 'cache', 'sluice'), 0, nobody);
              chmodSync(join(folder, 'cache', 'sluice'), 0o770);
            },
          ],
          ['the file belongs to another user', () => chownSync(inCache(), nobody, nobody)],
          ['the folder belongs to another user', () => chownSync(join(folder, 'cache', 'sluice'), nobody, nobody)],
          ['a folder on the way belongs to another user', () => chownSync(join(folder, 'cache'), nobody, nobody)],
        ] as const)
      : []),
  ] as [string, () => void][])('refuses the one in the cache when %s', (_what, spoil) => {
    plant(inCache(), '2.10.27');
    spoil();
    expect(locate).toThrow(/is not executed: remove it, or set XDG_CACHE_HOME to a folder of your own\.$/);
  });

  it('refuses one that another user planted below the temporary folder', () => {
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    chmodSync(temporary, 0o1777);
    environment['TMPDIR'] = temporary;
    // No folder can be made below a file.
    environment['XDG_CACHE_HOME'] = plant(join(folder, 'no-folder'), '2.10.27');
    const planted = join(temporary, `sluice-cache-${process.getuid?.()}`);
    mkdirSync(planted);
    plant(join(planted, 'nats-server'), '2.10.27');
    if (root) chownSync(planted, nobody, nobody);
    else chmodSync(planted, 0o777);
    expect(locate).toThrow(/is not executed/);
    if (root) chownSync(planted, 0, 0);
    chmodSync(planted, 0o700);
    expect(locate()).toBe(join(planted, 'nats-server'));
  });
});
