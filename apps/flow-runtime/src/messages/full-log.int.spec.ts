import { messageProcessingLogStream } from '@sluice/contracts';
import { compileFlow, Message, readFlowDefinition, runFlow } from '@sluice/flow-engine';
import { makeRuntimeStreams } from '@sluice/messaging';
import { createDataSource, initializeDataSource } from '@sluice/persistence';
import { TestNats, TestPostgres, until } from '@sluice/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { entities, schema } from '../persistence/entities.js';
import { migrations } from '../persistence/migrations.js';
import { StoreMessages } from './store-messages.js';
import { LogRoom } from './log-room.js';
import { messageId } from './message-id.js';
import { PublishLines } from './publish-lines.nats.js';
import { ReadMessages } from './read-messages.js';
import { RecordMessage, type RunningMessage } from './record-message.js';
import { WatchLogStream } from './watch-log-stream.js';

const now = () => Date.now();
const mebibyte = 1024 * 1024;
const largeText = 768 * 1024;
const body = 'x'.repeat(20_000);

describe('a log that nobody stores', () => {
  let nats: TestNats;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  let room: LogRoom;
  let record: RecordMessage;
  let watch: WatchLogStream;
  let alarms: boolean[];

  const makeStream = () =>
    makeRuntimeStreams(connection, 3_600_000, { messageProcessingLog: mebibyte, decisions: mebibyte });

  beforeEach(async () => {
    nats = await TestNats.start();
    connection = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
    manager = await jetstreamManager(connection);
    room = new LogRoom();
    alarms = [];
    record = new RecordMessage(new PublishLines(connection).publish, randomUUID(), now, () => undefined, room);
    watch = new WatchLogStream({
      manager,
      room,
      trial: (bytes) => record.trial(bytes),
      onAlarm: (on) => void alarms.push(on),
    });
  }, 60_000);

  afterEach(async () => {
    watch.stop();
    await connection.close();
    await nats.stop();
  });

  function messageOf(level = 'TRACE'): RunningMessage {
    const { definition } = readFlowDefinition({
      mediaType: 'application/yaml',
      content: Buffer.from(
        `name: f\nsender: {adapter: HTTPS, address: /f}\nlog: {level: ${level}}\nsteps: [{log: {text: x, attachBody: true}}]\n`,
      ),
    });
    const start = now();
    return { id: messageId(start), flow: { flowId: 'f', definition }, sender: 'shop', start };
  }

  async function log(message: RunningMessage): Promise<void> {
    const ports = { now, newId: randomUUID };
    await record.record(
      message,
      now(),
      await runFlow(compileFlow(message.flow.definition), new Message({ body }), ports),
    );
  }

  /** Logs messages until no flow may begin. */
  async function fill(): Promise<string[]> {
    const ids: string[] = [];
    for (let message = messageOf(); record.accepts(message.flow); message = messageOf()) {
      await log(message);
      ids.push(message.id);
    }
    return ids;
  }

  it('begins no flow before it is known that the log takes entries', async () => {
    expect(record.accepts(messageOf().flow)).toBe(false);
    await watch.start();
    expect(room.problems).toEqual([expect.stringContaining('its stream is not there')]);
    await makeStream();
    await until(() => room.open, { what: 'flows to be begun' });
    expect(room.problems).toEqual([]);
  });

  it('takes no more messages before it is full, and keeps each that was taken, the last of them without payloads', async () => {
    await makeStream();
    await watch.start();
    const ids = await fill();
    const { config, state } = await manager.streams.info(messageProcessingLogStream);
    expect(config.discard).toBe('new');
    expect(state.bytes).toBeLessThan(mebibyte);
    expect(record.accepts(messageOf('NONE').flow)).toBe(true);
    expect(room.problems).toEqual([expect.stringContaining('is full')]);
    // Those that had begun.
    for (let count = 0; count < 50; count++) {
      const late = messageOf();
      await log(late);
      ids.push(late.id);
    }
    const entries = await waiting();
    expect(entries.map(([id]) => id)).toEqual(ids);
    const detail = (entry: unknown[] | undefined) => entry?.[9] as { attachments: object[]; steps: object[] };
    expect(detail(entries[0]).attachments).toEqual([expect.objectContaining({ size: body.length })]);
    expect(detail(entries[0])).not.toHaveProperty('payloadsDropped');
    expect(detail(entries.at(-1))).toMatchObject({
      payloadsDropped: true,
      attachments: [{ size: body.length, content: '', contentDropped: true }],
      steps: [{ payloadTruncated: true }],
    });
    expect(detail(entries.at(-1)).steps[0]).not.toHaveProperty('payload');
  });

  it('refuses what does not fit and drops nothing for it', async () => {
    await makeStream();
    const publish = new PublishLines(connection).publish;
    let kept = 0;
    const refusal = await (async () => {
      for (; kept < 100; kept++) await publish(`"${'x'.repeat(100_000)}"`);
    })().catch((error: unknown) => error);
    expect(String(refusal)).toContain('maximum bytes exceeded');
    const { state } = await manager.streams.info(messageProcessingLogStream);
    expect(state).toMatchObject({ first_seq: 1, messages: kept });
  });

  it('tells once that half of its room is taken, and again when it is free', async () => {
    await makeStream();
    await watch.start();
    await fill();
    await until(() => alarms.length > 0, { what: 'the alarm' });
    await manager.streams.purge(messageProcessingLogStream);
    await until(() => room.open && alarms.length === 2, { what: 'room' });
    expect(alarms).toEqual([true, false]);
  });

  it('begins flows again by itself once something as large as what was refused is kept', async () => {
    await makeStream();
    await watch.start();
    await manager.streams.delete(messageProcessingLogStream);
    await expect(log(messageOf())).rejects.toThrow('no stream');
    expect(record.accepts(messageOf().flow)).toBe(false);
    await makeStream();
    await until(() => room.open, { what: 'flows to be begun' });
    const { state } = await manager.streams.info(messageProcessingLogStream);
    expect(state.bytes).toBeGreaterThan(body.length);
  });

  it('answers what was under way when the bus was restarted, for it is published again', async () => {
    await makeStream();
    await watch.start();
    await nats.halt('SIGKILL');
    const message = messageOf();
    const logged = log(message);
    await nats.start();
    await logged;
    expect((await waiting()).map(([id]) => id)).toContain(message.id);
  });

  /** The entries in the stream, oldest first. */
  async function waiting(): Promise<unknown[][]> {
    const { state } = await manager.streams.info(messageProcessingLogStream);
    const lines: unknown[][] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const stored = await manager.streams.getMessage(messageProcessingLogStream, { seq });
      const texts = stored?.string().split('\n') ?? [];
      lines.push(...texts.map((text) => JSON.parse(text) as unknown[]).filter((line) => line !== null));
    }
    return lines;
  }

  describe('and is stored at last', () => {
    let postgres: TestPostgres;
    let dataSource: DataSource;

    beforeEach(async () => {
      postgres = await TestPostgres.start();
      const shared = { databaseUrl: await postgres.createDatabase(), applicationName: 'test' };
      const setUp = createDataSource({ ...shared, schema: 'public', entities: [], migrations: [] });
      await setUp.initialize();
      await setUp.query(`CREATE SCHEMA ${schema}`);
      await setUp.destroy();
      dataSource = createDataSource({ ...shared, schema, entities, migrations });
      await initializeDataSource(dataSource, () => undefined);
    }, 60_000);

    afterEach(async () => {
      await dataSource.destroy();
      await postgres.stop();
    });

    it('has every entry once, also those that were refused their payloads, and no trial', async () => {
      await makeStream();
      await watch.start();
      const ids = await fill();
      const faults: unknown[] = [];
      const store = new StoreMessages(connection, dataSource, (error) => void faults.push(error));
      store.start();
      await until(() => room.open && room.fill.messages === 0, { what: 'the log to be stored', timeoutMs: 20_000 });
      await store.stop();
      const rows = await dataSource.query<{ id: string }[]>('SELECT id FROM message_processing_log ORDER BY id');
      expect(rows.map(({ id }) => id)).toEqual([...ids].sort());
      expect(faults).toEqual([]);
      const read = new ReadMessages(dataSource, manager);
      const first = ids[0] as string;
      const last = ids.at(-1) as string;
      expect((await read.attachment(first, 0))?.content.toString()).toBe(body);
      expect(await read.find(last)).toMatchObject({ payloadsDropped: true });
      expect(await read.attachment(last, 0)).toBeUndefined();
    });

    it('goes on without a pause or a fault when more has come in than one request gives', async () => {
      await makeStream();
      const publish = new PublishLines(connection).publish;
      const publications = 350;
      for (let count = 0; count < publications; count++)
        await publish(JSON.stringify([messageId(now()), now(), now(), 'COMPLETED', 'f', 'INFO', 's', null, null]));
      const faults: unknown[] = [];
      const store = new StoreMessages(connection, dataSource, (error) => void faults.push(error));
      store.start();
      await until(() => store.missing === undefined, { what: 'the first request' });
      const missing = new Set<string>();
      while (store.statistics.stored < publications && missing.size === 0) {
        if (store.missing !== undefined) missing.add(store.missing);
        await setImmediate();
      }
      await store.stop();
      expect([...missing]).toEqual([]);
      expect(faults).toEqual([]);
    });

    it('holds no more than one request of it in memory while Postgres is away, and has all of it afterwards', async () => {
      await makeRuntimeStreams(connection, 3_600_000, { messageProcessingLog: 96 * mebibyte, decisions: mebibyte });
      const publish = new PublishLines(connection).publish;
      const ids: string[] = [];
      for (let count = 0; count < 60; count++) {
        const id = messageId(now());
        ids.push(id);
        const log = [{ text: 'x'.repeat(largeText) }];
        await publish(JSON.stringify([id, now(), now(), 'COMPLETED', 'f', 'INFO', 's', null, null, { log }]));
      }
      await postgres.halt();
      let faults = 0;
      let held = 0;
      const store = new StoreMessages(connection, dataSource, () => void faults++);
      store.start();
      await until(() => faults >= 5, { what: 'Postgres to be missed' });
      held = store.statistics.heldBytes;
      const consumer = await manager.consumers.list(messageProcessingLogStream).next();
      expect(held).toBeGreaterThan(0);
      expect(held).toBeLessThanOrEqual(17 * mebibyte);
      expect((consumer[0]?.num_ack_pending ?? 0) * largeText).toBeLessThanOrEqual(17 * mebibyte);
      await postgres.start();
      await until(async () => (await manager.streams.info(messageProcessingLogStream)).state.messages === 0, {
        what: 'the log to be stored',
        timeoutMs: 30_000,
      });
      await store.stop();
      expect(store.statistics.heldBytes).toBe(0);
      const rows = await dataSource.query<{ id: string }[]>('SELECT id FROM message_processing_log ORDER BY id');
      expect(rows.map(({ id }) => id)).toEqual(ids);
    }, 60_000);
  });
});
