import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { endWithThisProcess } from './end-with-this-process.js';
import { TemporaryFolder } from './temporary-folder.js';
import { until } from './until.js';

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('a process that is to end with another', () => {
  it('ends, and its folder with it, when the other one is killed', async () => {
    using folder = new TemporaryFolder('watched');
    const source = join(import.meta.dirname, 'end-with-this-process.ts');
    const program = `
      import { spawn } from 'node:child_process';
      const { endWithThisProcess } = await import(${JSON.stringify(source)});
      const server = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
      server.unref();
      endWithThisProcess(server.pid, ${JSON.stringify(folder.path)});
      console.log(server.pid);
      setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = Number(
      await new Promise<string>((resolve) => owner.stdout.once('data', (data: Buffer) => resolve(data.toString()))),
    );
    expect(isAlive(pid)).toBe(true);
    owner.kill('SIGKILL');
    await until(() => !isAlive(pid) && !existsSync(folder.path), { what: 'the end of the watched process' });
  });

  it('lives on when the watch was dismissed', async () => {
    using folder = new TemporaryFolder('dismissed');
    const server = spawn('sleep', ['600'], { stdio: 'ignore' });
    endWithThisProcess(server.pid as number, folder.path).dismiss();
    expect(isAlive(server.pid as number)).toBe(true);
    server.kill();
    await new Promise((resolve) => server.once('exit', resolve));
    expect(existsSync(folder.path)).toBe(true);
  });
});

describe('until', () => {
  it('names what did not come about, with the last error', async () => {
    const ask = () => {
      throw new Error('not there');
    };
    await expect(until(ask, { what: 'the answer', timeoutMs: 30, everyMs: 5 })).rejects.toThrow(
      'the answer did not come about within 30 ms (not there)',
    );
  });
});
