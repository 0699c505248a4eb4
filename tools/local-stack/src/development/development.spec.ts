import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TemporaryFolder, until } from '@sluice/testing';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ShowLines } from './show-lines.js';
import { watchBuilds } from './watch-builds.js';

describe('the logs of a stack in development', () => {
  const shown: string[] = [];
  const lines = () => new ShowLines('admin-api 1', 0, (line) => shown.push(line), false);

  beforeEach(() => {
    shown.length = 0;
  });

  it('are shown with time, process, level and text, the other members behind', () => {
    const entry = {
      level: 'warn',
      time: '2026-11-29T10:11:12.345Z',
      service: 'admin-api',
      pid: 7,
      msg: 'the bus is away',
      port: 1,
    };
    lines().take(Buffer.from(`${JSON.stringify(entry)}\n`));
    expect(shown).toEqual(['10:11:12.345 admin-api 1            warn the bus is away {"port":1}']);
  });

  it('are shown by whole lines, however they are cut on the way', () => {
    const whole = Buffer.from('{"level":"info","time":"2026-11-29T10:11:12.345Z","msg":"grüß dich"}\nno JSON\n');
    const cut = lines();
    for (const byte of whole) cut.take(Uint8Array.of(byte));
    expect(shown).toEqual([
      '10:11:12.345 admin-api 1            grüß dich',
      '             admin-api 1            no JSON',
    ]);
  });

  it('show where an error came from', () => {
    lines().take(Buffer.from('{"level":"error","msg":"failed","err":{"message":"x","stack":"Error: x\\n    at y"}}\n'));
    expect(shown[0]).toContain('error failed\nError: x\n    at y');
  });
});

describe('what was built', () => {
  let folder: TemporaryFolder;
  let watching: { stop(): Promise<void> };
  const built: string[][] = [];
  const write = (path: string) => writeFileSync(join(folder.path, path), String(performance.now()));

  beforeEach(() => {
    built.length = 0;
    folder = new TemporaryFolder('builds');
    for (const path of ['apps/one/dist', 'apps/two/dist', 'libs/lib/dist/deep'])
      mkdirSync(join(folder.path, path), { recursive: true });
    write('apps/one/dist/main.js');
    watching = watchBuilds(folder.path, (apps) => built.push([...apps].sort()));
  });
  afterEach(async () => {
    await watching.stop();
    folder[Symbol.dispose]();
  });

  it.each([
    ['of an app starts that one again', 'apps/one/dist/main.js', ['one']],
    ['of a library starts all again', 'libs/lib/dist/deep/file.js', ['one', 'two']],
  ])('%s', async (_, path, apps) => {
    const deadline = until(() => built.length > 0, { what: 'the build to be seen' });
    // The watcher says nothing of when it has begun.
    const writing = setInterval(() => write(path), 500);
    await deadline.finally(() => clearInterval(writing));
    expect(built[0]).toEqual(apps);
  });
});
