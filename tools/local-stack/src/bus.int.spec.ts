import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort, portIsTaken, startNatsServer } from '@sluice/embedded-servers';
import { endWithThisProcess, TemporaryFolder } from '@sluice/testing';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { startBus, type StartedBus } from './bus.js';
import { defaultEventsPort, readStackConfig } from './config.js';

describe('the port of NATS in the local stack', () => {
  let folder: TemporaryFolder;
  let said: string[];
  let bus: StartedBus | undefined;
  let occupant: Server | undefined;

  beforeEach(() => {
    folder = new TemporaryFolder('bus');
    for (const name of ['logs', 'run']) mkdirSync(join(folder.path, name));
    said = [];
  });

  afterEach(async () => {
    await Promise.all((bus?.servers ?? []).map((server) => server.stop()));
    await new Promise((resolve) => (occupant ? occupant.close(resolve) : resolve(undefined)));
    bus = occupant = undefined;
    folder.remove();
  });

  async function start(environment: Record<string, string> = {}): Promise<StartedBus> {
    const config = readStackConfig({ SLUICE_HOME: folder.path, ...environment }, folder.path);
    bus = await startBus(
      config,
      (message) => void said.push(message),
      () => undefined,
      () => undefined,
    );
    for (const server of bus.servers) endWithThisProcess(server.pid() ?? 0, '');
    return bus;
  }

  /** Somebody else listens there, now or already. */
  async function occupy(port: number): Promise<void> {
    if (await portIsTaken(port)) return;
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
    occupant = server;
  }

  it('is the one that is set, and the next two when there are three servers', async () => {
    const port = await freePort(3);
    const { natsUrl } = await start({ SLUICE_EVENTS_PORT: String(port), SLUICE_NATS_SERVERS: '3' });
    expect(natsUrl).toBe([0, 1, 2].map((index) => `nats://127.0.0.1:${port + index}`).join(','));
  }, 60_000);

  it('is another one, with a sentence, while somebody else has the usual one', async () => {
    await occupy(defaultEventsPort);
    const { natsUrl } = await start();
    expect(natsUrl).not.toContain(`:${defaultEventsPort}`);
    expect(said.join('\n')).toMatch(
      /Port 4222 is taken, so NATS has port \d+ until the next start: set SLUICE_EVENTS_PORT to one that stays free/,
    );
  }, 60_000);

  it('is never another one than the one that is set', async () => {
    const port = await freePort();
    await occupy(port);
    await expect(start({ SLUICE_EVENTS_PORT: String(port) })).rejects.toThrow(
      `Port ${port} is taken: set SLUICE_EVENTS_PORT to a free one.`,
    );
  }, 60_000);

  it('is the same after a stack that was killed and has left its server behind', async () => {
    const port = await freePort();
    const configurationFile = join(folder.path, 'left.conf');
    writeFileSync(configurationFile, `listen: "127.0.0.1:${port}"\n`);
    const left = await startNatsServer({ configurationFile });
    endWithThisProcess(left.pid, '');
    writeFileSync(join(folder.path, 'run', 'nats-server.pid'), String(left.pid));
    expect((await start({ SLUICE_EVENTS_PORT: String(port) })).natsUrl).toBe(`nats://127.0.0.1:${port}`);
    await left.exited;
  }, 60_000);
});
