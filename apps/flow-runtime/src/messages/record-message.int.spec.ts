import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  messageProcessingLogConsumer,
  messageProcessingLogStream,
  messageProcessingLogSubject,
} from '@sluice/contracts';
import { compileFlow, Message, readFlowDefinition, runFlow, type FlowOutcome } from '@sluice/flow-engine';
import { makeRuntimeStreams } from '@sluice/messaging';
import { createDataSource, initializeDataSource } from '@sluice/persistence';
import { TestNats, TestPostgres, until } from '@sluice/testing';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { randomUUID } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { CountMessages } from './count-messages.js';
import { KeepMessageLog } from './keep-message-log.js';
import { entities, schema } from '../persistence/entities.js';
import { migrations } from '../persistence/migrations.js';
import { LogRoom } from './log-room.js';
import { messageId } from './message-id.js';
import { PublishLines } from './publish-lines.nats.js';
import { ReadMessages } from './read-messages.js';
import { RecordMessage, type RunningMessage } from './record-message.js';
import { StoreMessages } from './store-messages.js';

const now = () => Date.now();
const faults: unknown[] = [];
const onFault = (error: unknown) => void faults.push(error);
const runtimeId = randomUUID();
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let manager: JetStreamManager;
let dataSource: DataSource;
let store: StoreMessages;
const room = new LogRoom();
let record: RecordMessage;
let read: ReadMessages;

beforeAll(async () => {
  [postgres, nats] = await Promise.all([TestPostgres.start(), TestNats.start()]);
  connection = await connect({ servers: nats.url });
  const shared = { databaseUrl: await postgres.createDatabase(), applicationName: 'test' };
  const setUp = createDataSource({ ...shared, schema: 'public', entities: [], migrations: [] });
  await setUp.initialize();
  await setUp.query(`CREATE SCHEMA ${schema}`);
  await setUp.destroy();
  dataSource = createDataSource({ ...shared, schema, entities, migrations });
  await initializeDataSource(dataSource, () => undefined);
  await makeRuntimeStreams(connection, 86_400_000);
  manager = await jetstreamManager(connection);
  store = new StoreMessages(connection, dataSource, onFault);
  store.start();
  record = new RecordMessage(new PublishLines(connection).publish, runtimeId, now, onFault, room);
  read = new ReadMessages(dataSource, manager);
}, 90_000);

afterAll(async () => {
  await store.stop();
  await dataSource.destroy();
  await connection.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});

afterEach(() => void faults.splice(0));

function flowOf(id: string, steps = '[]', level = 'INFO') {
  const { definition } = readFlowDefinition({
    mediaType: 'application/yaml',
    content: Buffer.from(
      `name: ${id}\nsender: {adapter: HTTPS, address: /${id}}\nlog: {level: ${level}}\nsteps: ${steps}\n`,
    ),
  });
  return { flowId: id, definition };
}

function running(flow: RunningMessage['flow'], more: Partial<RunningMessage> = {}): RunningMessage {
  const start = more.start ?? now();
  return { id: messageId(start), flow, sender: 'shop', start, ...more };
}

async function run(message: RunningMessage, body = 'x'): Promise<FlowOutcome> {
  return runFlow(compileFlow(message.flow.definition), new Message({ body }), { now, newId: randomUUID });
}

/** Every line in the stream and in Postgres is done with. */
async function settled(): Promise<void> {
  await until(
    async () => {
      const { state } = await manager.streams.info(messageProcessingLogStream);
      const { ack_floor } = await manager.consumers.info(messageProcessingLogStream, messageProcessingLogConsumer);
      return ack_floor.stream_seq >= state.last_seq;
    },
    { what: 'storing what is in the stream' },
  );
}

describe('the message processing log', () => {
  it('has an entry for each message, with what came of it', async () => {
    const flow = flowOf('usual');
    const messages = Array.from({ length: 50 }, () => running(flow));
    await Promise.all(messages.map(async (message) => record.record(message, now(), await run(message))));
    const entry = await read.find((messages[7] as RunningMessage).id);
    expect(entry).toEqual({
      id: messages[7]?.id,
      correlationId: messages[7]?.id,
      flow: 'usual',
      start: new Date(messages[7]?.start ?? 0).toISOString(),
      end: expect.any(String),
      status: 'COMPLETED',
      logLevel: 'INFO',
      sender: 'shop',
    });
    const { items } = await read.list({ flow: 'usual', limit: 100 });
    expect(items.map(({ id }) => id).sort()).toEqual(messages.map(({ id }) => id).sort());
  });

  it('writes nothing at NONE, and steps with payloads at TRACE', async () => {
    const none = running(flowOf('none', '[]', 'NONE'));
    expect(record.record(none, now(), await run(none))).toBeUndefined();
    const traced = running(flowOf('traced', '[{contentModifier: {name: first, body: "${body}!"}}]', 'TRACE'));
    await record.record(traced, now(), await run(traced, 'payload'));
    expect(await read.find(traced.id)).toMatchObject({
      logLevel: 'TRACE',
      steps: [{ stepName: 'first', payload: 'payload!' }],
    });
  });

  it('keeps error, custom headers, log texts and attachments of any characters', async () => {
    const message = running(flowOf('details'));
    const outcome: FlowOutcome = {
      ...(await run(message)),
      status: 'FAILED',
      error: { code: 'internal', message: 'a NUL \u0000 and half a pair \ud800' },
      sender: 'line\nfeed',
      receiver: 'warehouse',
      customHeaders: [{ name: 'order', value: '4711' }],
      log: [{ stepId: 's', time: 1, level: 'INFO', text: 'seen' }],
      attachments: [{ name: 'body.txt', mediaType: 'text/plain', content: 'attached' }],
    };
    await record.record(message, now(), outcome);
    expect(await read.find(message.id)).toMatchObject({
      status: 'FAILED',
      error: 'a NUL \ufffd and half a pair \ufffd',
      sender: 'line\nfeed',
      receiver: 'warehouse',
      customHeaders: { order: '4711' },
      log: [{ text: 'seen' }],
      attachments: [{ name: 'body.txt', mediaType: 'text/plain', size: 8 }],
    });
    expect((await read.attachment(message.id, 0))?.content.toString()).toBe('attached');
    expect(await read.attachment(message.id, 1)).toBeUndefined();
    expect(faults).toEqual([]);
  });

  it('leaves out payloads rather than lose an entry that is too large for the bus', async () => {
    const message = running(flowOf('large', '[]', 'TRACE'));
    const step = {
      stepId: 's',
      stepName: 's',
      stepType: 't',
      processId: 'p',
      start: 1,
      end: 2,
      payload: 'é'.repeat(60_000),
    };
    const outcome: FlowOutcome = { ...(await run(message)), steps: Array.from({ length: 100 }, () => step) };
    await record.record(message, now(), outcome);
    const entry = await read.find(message.id);
    expect(entry?.steps).toHaveLength(100);
    expect(entry?.steps?.[0]).toMatchObject({ stepId: 's', payloadTruncated: true });
    expect(entry?.steps?.[0]).not.toHaveProperty('payload');
  });

  it('is searched by flow, status, sender, time and correlation, in pages', async () => {
    const since = now();
    const flow = flowOf('searched');
    const first = running(flow, { start: since, sender: 'a' });
    const second = running(flow, { start: since + 10, sender: 'b', correlationId: first.id });
    const third = running(flow, { start: since + 20, sender: 'b' });
    const ok = await run(first);
    await record.record(first, since, ok);
    await record.record(second, since, { ...ok, status: 'FAILED', error: { code: 'internal', message: 'e' } });
    await record.record(third, since, ok);
    const found = async (filter: object) =>
      (await read.list({ limit: 10, flow: 'searched', ...filter })).items.map(({ id }) => id);
    expect(await found({})).toEqual([third.id, second.id, first.id]);
    expect(await found({ status: 'FAILED' })).toEqual([second.id]);
    expect(await found({ sender: 'b' })).toEqual([third.id, second.id]);
    expect(await found({ correlationId: first.id })).toEqual([second.id, first.id]);
    const at = (time: number) => new Date(time).toISOString();
    expect(await found({ since: at(since + 10), until: at(since + 20) })).toEqual([second.id]);
    const page = await read.list({ limit: 2, flow: 'searched' });
    expect(await found({ limit: 2, after: page.next })).toEqual([first.id]);
  });

  it('gives up a line that Postgres cannot take, and stores those around it', async () => {
    const good = running(flowOf('around'));
    const line = (id: string, start: unknown) =>
      JSON.stringify([id, start, null, 'COMPLETED', 'around', 'INFO', null, null, null, null]);
    connection.publish(
      messageProcessingLogSubject,
      [line(randomUUID(), now()), line(randomUUID(), 'no time'), line(randomUUID(), now())].join('\n'),
    );
    await record.record(good, now(), await run(good));
    await settled();
    expect((await read.list({ limit: 10, flow: 'around' })).items).toHaveLength(3);
    expect(faults).toHaveLength(1);
  });

  it('takes what the version before left in the stream', async () => {
    const entry = {
      id: randomUUID(),
      correlationId: 'c',
      flow: 'before',
      start: '2026-11-24T10:00:00.000Z',
      end: '2026-11-24T10:00:01.000Z',
      status: 'FAILED',
      logLevel: 'INFO',
      sender: 's',
      error: 'e',
    };
    connection.publish(messageProcessingLogSubject, JSON.stringify(entry));
    await settled();
    expect(await read.find(entry.id)).toEqual(entry);
  });

  it('keeps what was recorded while Postgres was away', async () => {
    await postgres.halt();
    const message = running(flowOf('away'));
    await record.record(message, now(), await run(message));
    await postgres.start();
    expect(await until(() => read.find(message.id), { what: 'the entry', timeoutMs: 20_000 })).toMatchObject({
      flow: 'away',
    });
  });

  it('fails to record, and says so, when the bus does not keep it', async () => {
    const closed = new LogRoom();
    const refused = new RecordMessage(() => Promise.reject(new Error('no')), runtimeId, now, onFault, closed);
    const message = running(flowOf('refused'));
    await expect(refused.record(message, now(), await run(message))).rejects.toThrow('no');
    expect(refused.accepts(message.flow)).toBe(false);
    expect(closed.problems).toEqual([expect.stringContaining('takes no entries: no')]);
    expect(refused.accepts(running(flowOf('none', '[]', 'NONE')).flow)).toBe(true);
  });
});

describe('a message that takes long', () => {
  it('is in the log as PROCESSING, and then as what came of it', async () => {
    const message = running(flowOf('long'), { start: now() - 10_000 });
    record.began(message);
    const entry = await until(() => read.find(message.id), { what: 'the entry of a message that is worked on' });
    expect(entry).toMatchObject({ status: 'PROCESSING', sender: 'shop' });
    expect(entry).not.toHaveProperty('end');
    await record.record(message, now(), await run(message));
    expect(await read.find(message.id)).toMatchObject({ status: 'COMPLETED', end: expect.any(String) });
  });

  it('is ABANDONED when its runtime is gone, and what a frozen one completes later counts all the same', async () => {
    const keep = new KeepMessageLog(dataSource, {
      retentionDays: 30,
      decisionRetentionHours: 168,
      runtimeGoneAfterMs: 60_000,
      now,
      onFault,
    });
    const seen = (id: string, secondsAgo: number, since: number) =>
      dataSource.query(
        `INSERT INTO runtime (id, name, started_at, seen_at, reachable_since)
         VALUES ($1, $1, now(), now() - $2 * interval '1 s', now() - $3 * interval '1 s')
         ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, reachable_since = excluded.reachable_since`,
        [id, secondsAgo, since],
      );
    const message = running(flowOf('abandoned'), { start: now() - 300_000 });
    record.began(message);
    await until(() => read.find(message.id), { what: 'the entry' });
    const status = async () => (await read.find(message.id))?.status;

    await seen(runtimeId, 70, 900);
    await keep.abandon();
    expect(await status()).toBe('PROCESSING');
    await seen('another', 0, 30);
    await keep.abandon();
    expect(await status()).toBe('PROCESSING');
    await seen(runtimeId, 10, 900);
    await seen('another', 0, 90);
    await keep.abandon();
    expect(await status()).toBe('PROCESSING');
    await seen(runtimeId, 70, 900);
    expect(await keep.abandon()).toBe(1);
    expect(await read.find(message.id)).toMatchObject({
      status: 'ABANDONED',
      error: expect.stringContaining('ended before'),
    });

    await record.record(message, now(), await run(message));
    expect(await read.find(message.id)).toMatchObject({ status: 'COMPLETED' });
    expect(await read.find(message.id)).not.toHaveProperty('error');
  });
});

describe('how many messages a flow had', () => {
  const counts = async (flow: string, since = now() - 86_400_000) =>
    (await new CountMessages(dataSource).execute([flow], since))(flow);
  const counted = async () => {
    await dataSource.query("UPDATE message_counting SET since = '2020-01-01T00:00:00Z'");
  };
  const recorded = async (flow: string, status: FlowOutcome['status'], more: Partial<RunningMessage> = {}) => {
    const message = running(flowOf(flow), more);
    await record.record(message, now(), { ...(await run(message)), status });
    return message;
  };
  beforeAll(counted);

  it('is counted when they are stored, by status', async () => {
    for (const status of ['COMPLETED', 'COMPLETED', 'COMPLETED', 'FAILED', 'ESCALATED'] as const)
      await recorded('counted', status);
    await recorded('other', 'FAILED');
    await settled();
    expect(await counts('counted')).toMatchObject({
      total: 5,
      errors: 2,
      byStatus: { COMPLETED: 3, FAILED: 1, ESCALATED: 1 },
    });
    expect(await counts('nobody')).toMatchObject({ total: 0, errors: 0, byStatus: {} });
  });

  it('counts a line that comes twice once, and a message that took long as what came of it', async () => {
    const { id, start } = running(flowOf('once'));
    const line = (status: string) => JSON.stringify([id, start, null, status, 'once', 'INFO', null, null, null, null]);
    const publish = async (status: string) => {
      await connection.request(messageProcessingLogSubject, line(status));
      await settled();
      return (await counts('once')).byStatus;
    };
    expect(await publish('PROCESSING')).toEqual({ PROCESSING: 1 });
    await dataSource.query("UPDATE message_processing_log SET status = 'ABANDONED' WHERE flow = 'once'");
    expect(await counts('once')).toMatchObject({ total: 1, errors: 1 });
    expect(await publish('COMPLETED')).toEqual({ COMPLETED: 1 });
    expect(await publish('COMPLETED')).toEqual({ COMPLETED: 1 });
    expect(await publish('PROCESSING')).toEqual({ COMPLETED: 1 });
  });

  it('is of whole hours, and says from when on', async () => {
    const hour = 3_600_000;
    const beginning = Math.floor(now() / hour) * hour;
    for (const hoursAgo of [1, 5, 6]) await recorded('hours', 'COMPLETED', { start: beginning - hoursAgo * hour });
    await settled();
    const since = beginning - 5 * hour;
    expect(await counts('hours', since + hour - 1)).toMatchObject({ since: new Date(since).toISOString(), total: 2 });
    expect(await counts('hours', since - 1)).toMatchObject({ total: 3 });
    await dataSource.query('UPDATE message_counting SET since = $1', [new Date(since + hour)]);
    expect(await counts('hours', since)).toMatchObject({ since: new Date(since + hour).toISOString(), total: 1 });
    await counted();
  });

  it('is right when several store at once, messages of the same flows in different orders', async () => {
    const flows = ['p', 'q', 'r'];
    const others = [1, 2].map(() => new StoreMessages(connection, dataSource, onFault));
    for (const other of others) other.start();
    await Promise.all(
      Array.from({ length: 300 }, async (_, number) => {
        const message = running(flowOf(flows[number % 3] as string));
        if (number % 2 === 0) connection.publish(messageProcessingLogSubject, asProcessing(message));
        await record.record(message, now(), await run(message));
      }),
    );
    await settled();
    await Promise.all(others.map((other) => other.stop()));
    for (const flow of flows) expect((await counts(flow)).byStatus).toEqual({ COMPLETED: 100 });
    const [real] = await dataSource.query<object[]>(
      `SELECT count(*)::int AS entries, (SELECT sum(count)::int FROM message_count) AS counted FROM message_processing_log`,
    );
    expect(real).toMatchObject({ counted: (real as { entries: number }).entries });
    expect(faults).toEqual([]);
  });

  it('makes nobody wait in a circle who stores entries of the same flows in another order', async () => {
    const store = (manager: EntityManager, flow: string) =>
      manager.query(
        `INSERT INTO message_processing_log (id, start_at, status, flow, log_level) VALUES ($1, now(), 'COMPLETED', $2, 'INFO')`,
        [randomUUID(), flow],
      );
    let second: Promise<unknown> = Promise.resolve();
    await dataSource.transaction(async (manager) => {
      await store(manager, 'circle-1');
      second = dataSource.transaction(async (other) => {
        await store(other, 'circle-2');
        await store(other, 'circle-1');
      });
      await until(
        async () =>
          (await dataSource.query<unknown[]>(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)).length > 0,
        { what: 'the second to wait for the first' },
      );
      await store(manager, 'circle-2');
    });
    await second;
    expect([await counts('circle-1'), await counts('circle-2')]).toMatchObject([{ total: 2 }, { total: 2 }]);
  });

  function asProcessing({ id, start, flow: { flowId } }: RunningMessage): string {
    return JSON.stringify([id, start, null, 'PROCESSING', flowId, 'INFO', null, null, null, null]);
  }
});

describe('retention', () => {
  it('drops the days that are past it and makes those to come', async () => {
    let time = now();
    const keep = new KeepMessageLog(dataSource, {
      retentionDays: 2,
      decisionRetentionHours: 48,
      runtimeGoneAfterMs: 60_000,
      now: () => time,
      onFault,
    });
    const partitions = async () =>
      (
        await dataSource.query<{ name: string }[]>(
          `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'message_processing_log'::regclass`,
        )
      )
        .map(({ name }) => name)
        .sort();
    const message = running(flowOf('kept'));
    await record.record(message, now(), await run(message));
    await settled();
    const before = await partitions();
    time += 86_400_000;
    await keep.keepPartitions();
    expect(await read.find(message.id)).toBeDefined();
    expect((await partitions()).length).toBe(before.length + 1);
    time += 3 * 86_400_000;
    await keep.keepPartitions();
    expect(await read.find(message.id)).toBeUndefined();
    expect(await partitions()).not.toContain(before[0]);
  });
});
