import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort, startNatsServer } from '@sluice/embedded-servers';
import { until } from '@sluice/testing';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepServer } from './servers.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sluice-servers-'));
  mkdirSync(join(home, 'logs'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a server that is kept running', () => {
  it('is not left behind by an end that comes while it is being started again', async () => {
    const configurationFile = join(home, 'nats.conf');
    writeFileSync(configurationFile, `listen: 127.0.0.1:${await freePort()}`);
    const pids: number[] = [];
    let startedAgain = (): void => undefined;
    const again = new Promise<void>((resolve) => (startedAgain = resolve));
    const server = await keepServer({
      name: 'nats-server',
      home,
      say: () => undefined,
      onChange: () => undefined,
      stopSignal: 'SIGTERM',
      start: async (onLine) => {
        if (pids.length > 0) startedAgain();
        const child = await startNatsServer({ configurationFile, onLine, say: () => undefined });
        pids.push(child.pid);
        return child;
      },
    });
    process.kill(server.pid() as number, 'SIGKILL');
    await again;
    await server.stop();
    expect(pids).toHaveLength(2);
    await until(() => !pids.some(isRunning), { what: 'the end of every server' });
    expect(server.pid()).toBeUndefined();
  });
});
