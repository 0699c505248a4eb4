import { connect } from '@nats-io/transport-node';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { portIsTaken } from '@sluice/embedded-servers';
import { TestNats } from './test-nats.js';

describe('a nats-server for a test', () => {
  it('keeps its store while it is halted, comes back on its port, and leaves nothing behind', async () => {
    const nats = await TestNats.start();
    try {
      const before = await connect({ servers: nats.url });
      await (await jetstreamManager(before)).streams.add({ name: 'A', subjects: ['a'] });
      await jetstream(before).publish('a', 'kept');
      await before.close();
      await nats.halt('SIGKILL');
      expect(await portIsTaken(nats.port)).toBe(false);
      await nats.start();
      const after = await connect({ servers: nats.url });
      const message = await (await jetstreamManager(after)).streams.getMessage('A', { last_by_subj: 'a' });
      expect(message?.string()).toBe('kept');
      await after.close();
    } finally {
      await nats.stop();
    }
    expect(await portIsTaken(nats.port)).toBe(false);
    expect(existsSync(nats.folderPath)).toBe(false);
  });

  it('runs with a configuration of the test', async () => {
    await using nats = await TestNats.start({ configuration: 'authorization { user: a, password: b }' });
    await expect(connect({ servers: nats.url, reconnect: false })).rejects.toThrow(/[Aa]uthorization/);
    const connection = await connect({ servers: nats.url, user: 'a', pass: 'b' });
    await connection.close();
  });

  it('says why a server does not start, and removes its folder', async () => {
    await expect(TestNats.start({ configuration: 'jetstream { nonsense' })).rejects.toThrow(/nats-server/);
  });
});
