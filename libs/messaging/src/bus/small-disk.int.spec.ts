import {
  messageProcessingLogSubject,
  renderBusServerConfiguration,
  servicePermissions,
  streamSizes,
  type ServiceName,
} from '@sluice/contracts';
import { TemporaryFolder, TestNats, until } from '@sluice/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { createAccount, createUser } from '@nats-io/nkeys';
import { connect, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEventStream } from '../event/event-publisher.js';
import { CertificateListStore } from '../object/certificate-list-store.js';
import { StateBucket } from '../state/state-bucket.js';
import { makeRuntimeStreams } from './make-streams.js';

const root = process.getuid?.() === 0;
const withDisk = root ? describe : describe.skip;
const services = Object.keys(servicePermissions) as ServiceName[];

// A small disk needs a file system of its own, which only root may mount.
withDisk(`a disk with less room than the streams may take${root ? '' : ' (skipped: only root may mount one)'}`, () => {
  const keys = Object.fromEntries(services.map((service) => [service, createUser()]));
  let folder: TemporaryFolder;
  let disk: string;
  let nats: TestNats;
  const connections: NatsConnection[] = [];

  const as = async (service: ServiceName) => {
    const connection = await connect({
      servers: nats.url,
      authenticator: nkeyAuthenticator(keys[service]?.getSeed() ?? new Uint8Array()),
      inboxPrefix: `_INBOX_${service}`,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
    });
    connections.push(connection);
    return connection;
  };

  beforeEach(async () => {
    folder = new TemporaryFolder('small-disk');
    disk = join(folder.path, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk]);
    nats = await TestNats.start({
      configuration: ({ listen }) =>
        renderBusServerConfiguration({
          listen,
          storeDirectory: join(disk, 'jetstream'),
          tls: { certificateFile: 'none', keyFile: 'none' },
          serviceKeys: Object.fromEntries(
            services.map((service) => [service, keys[service]?.getPublicKey() ?? '']),
          ) as Record<ServiceName, string>,
          callout: { responderKey: createUser().getPublicKey(), issuerKey: createAccount().getPublicKey() },
        }).replace(/\ntls \{[^}]*\}/, ''),
    });
  }, 60_000);

  afterEach(async () => {
    await Promise.all(connections.splice(0).map((connection) => connection.close()));
    await nats.stop();
    execFileSync('umount', [disk]);
    folder.remove();
  });

  async function makeStreams(connection: NatsConnection): Promise<void> {
    await (await StateBucket.open(connection)).create();
    await makeRuntimeStreams(connection, 3_600_000);
    await createEventStream(connection);
    await (await CertificateListStore.open(connection)).create();
  }

  it('has every stream all the same, and again after each start, however full it is', async () => {
    const keyManagement = await as('key-management');
    await makeStreams(keyManagement);
    writeFileSync(join(disk, 'filler'), Buffer.alloc(16 * 1024 * 1024));
    await nats.halt();
    await nats.start();
    await until(() => keyManagement.rtt().catch(() => undefined), {
      what: 'the connection to be back',
    });
    await makeStreams(keyManagement);
  });

  it('refuses what it has no room for, and takes it again once there is room', async () => {
    await makeStreams(await as('key-management'));
    const runtime = await as('flow-runtime');
    const stream = jetstream(runtime, { timeout: 2_000 });
    const megabyte = new Uint8Array(1024 * 1024);
    const filler = join(disk, 'filler');
    writeFileSync(filler, Buffer.alloc(16 * 1024 * 1024));
    let stored = 0;
    const refused = await (async () => {
      for (; stored < 24; stored++) await stream.publish(messageProcessingLogSubject, megabyte);
    })().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Error);
    rmSync(filler);
    await until(
      () =>
        stream.publish(messageProcessingLogSubject, 'a line').then(
          () => true,
          () => undefined,
        ),
      { what: 'the stream to take messages again', timeoutMs: 20_000 },
    );
    const { state } = await (await jetstreamManager(runtime, { checkAPI: false })).streams.info('SLUICE_MPL');
    expect(state.messages).toBeGreaterThanOrEqual(stored + 1);
  });
});

describe('a log that is full', () => {
  it('is refused what comes next, and leaves room to the state, the events and the decisions', async () => {
    const storeMb = 64;
    await using nats = await TestNats.start({
      configuration: ({ listen, folder }) =>
        `listen: "${listen}"\njetstream { store_dir: "${folder}/jetstream", max_file_store: ${storeMb}MB }`,
    });
    const connection = await connect({ servers: nats.url });
    try {
      const bucket = await StateBucket.open(connection);
      await bucket.create();
      await makeRuntimeStreams(connection, 3_600_000, streamSizes(storeMb));
      const stream = jetstream(connection);
      const large = new Uint8Array(512 * 1024);
      let kept = 0;
      const refusal = await (async () => {
        for (; kept < 1_000; kept++) await stream.publish(messageProcessingLogSubject, large);
      })().catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: 10077 });
      expect(kept * large.length).toBeGreaterThan(streamSizes(storeMb).messageProcessingLog * 0.9);
      // As much again of state goes in beside it.
      for (let written = 0; written < kept; written++) await stream.publish(`$KV.SLUICE_STATE.flow.f${written}`, large);
      await stream.publish('sluice.decisions.d', large);
      expect((await (await jetstreamManager(connection)).streams.info('SLUICE_MPL')).state).toMatchObject({
        first_seq: 1,
        messages: kept,
      });
    } finally {
      await connection.close();
    }
  }, 60_000);
});

describe('the sizes of streams', () => {
  it.each([64, 1_000, 8_192, 1_000_000])('leave two thirds of %s MiB to what no decision can do without', (storeMb) => {
    const { messageProcessingLog, decisions } = streamSizes(storeMb);
    expect(messageProcessingLog + decisions).toBeLessThan((storeMb * 1024 * 1024) / 3);
  });
});
