import { afterEach, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

const program = `
  import { createLog, exitAfterLastLine } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '..', 'dist', 'log.js')))};
  const log = createLog('admin-api', 'info');
  process.once('message', () => {
    log.info('first');
    exitAfterLastLine(log, () => log.info('last'), 3);
  });
  process.send('ready');
`;

let child: ChildProcess | undefined;
afterEach(() => void child?.kill('SIGKILL'));

async function start(): Promise<ChildProcess> {
  child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return child;
}

describe('a process that ends with a last line', () => {
  it('has written it before it ends', async () => {
    const ending = await start();
    const ended = once(ending, 'exit');
    const written = text(ending.stdout as NonNullable<typeof ending.stdout>);
    ending.send('end');
    const messages = (await written).trim().split('\n');
    expect(messages.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['first', 'last']);
    expect(await ended).toEqual([3, null]);
  });

  it('ends when nobody reads it any more', async () => {
    const ending = await start();
    ending.stdout?.destroy();
    const ended = once(ending, 'exit');
    ending.send('end');
    expect(await ended).toEqual([3, null]);
  });
});

describe('a log that cannot be written', () => {
  it('ends nothing: lines are dropped and counted', async () => {
    const full = openSync('/dev/full', 'w');
    const flood = `
      import { createLog, droppedLogLines } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '..', 'dist', 'log.js')))};
      const log = createLog('admin-api', 'info');
      for (let line = 0; line < 20_000; line++) log.info({ text: 'x'.repeat(100) }, 'line');
      setTimeout(() => {
        process.send(droppedLogLines());
        process.disconnect();
        process.reallyExit(0);
      }, 50);
    `;
    child = spawn(process.execPath, ['--input-type=module', '--eval', flood], {
      stdio: ['ignore', full, 'inherit', 'ipc'],
    });
    closeSync(full);
    const [dropped] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => [`ended with ${code}`]),
    ])) as [unknown];
    expect(dropped).toBeGreaterThan(10_000);
  });
});
