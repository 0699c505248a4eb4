import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventStream, stateKey } from '@sluice/contracts';
import {
  createEventStream,
  EventPublisher,
  RecordReader,
  StateBucket,
  StateFollower,
  StatePublisher,
} from '@sluice/messaging';
import { Acknowledgements, createDataSource, initializeDataSource } from '@sluice/persistence';
import { TestNats, TestPostgres, until } from '@sluice/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { generateKeyPairSync } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { acknowledgedEvents } from './acknowledged-events.js';
import { ConfirmState, type ConfirmStateOptions } from './confirm-state.js';
import { createLog } from './log.js';
import { createAcknowledgedTable, createOutboxTable } from '@sluice/persistence/testing';

const { publicKey } = generateKeyPairSync('ed25519');
const reader = new RecordReader([publicKey.export({ type: 'spki', format: 'pem' }) as string]);
const text = new TextEncoder();
const writer = 'authorization';

describe('confirming the state stream', () => {
  let nats: TestNats;
  let postgres: TestPostgres;
  let connection: NatsConnection;
  let bucket: StateBucket;
  let publisher: StatePublisher;
  let dataSource: DataSource;
  let acknowledgements: Acknowledgements;
  let follower: StateFollower;
  let events: EventPublisher;
  let standings: number;
  let clock: number;

  beforeAll(async () => {
    postgres = await TestPostgres.start();
  }, 60_000);
  afterAll(() => postgres?.stop());

  beforeEach(async () => {
    nats = await TestNats.start({
      configuration: ({ listen, folder }) =>
        `listen: ${JSON.stringify(listen)}\njetstream { store_dir: ${JSON.stringify(`${folder}/jetstream`)} }\n` +
        `mappings { "sluice.events-api.STREAM.>": "$JS.API.STREAM.>" }\n`,
    });
    connection = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 20 });
    bucket = await StateBucket.open(connection, 1_000);
    publisher = new StatePublisher(connection, bucket, 1_000);
    await bucket.create();
    await createEventStream(connection);
    dataSource = createDataSource({
      databaseUrl: await postgres.createDatabase(),
      schema: 'public',
      entities: [],
      migrations: [],
      applicationName: 'test',
    });
    await initializeDataSource(dataSource, () => undefined);
    const runner = dataSource.createQueryRunner();
    await createOutboxTable(runner);
    await createAcknowledgedTable(runner);
    await runner.release();
    acknowledgements = new Acknowledgements(dataSource);
    events = await EventPublisher.open(connection, acknowledgedEvents(acknowledgements), 1_000);
    follower = new StateFollower({ connection, bucket, reader, holds: [], onFault: () => undefined });
    follower.start();
    clock = 0;
    standings = 0;
  }, 60_000);

  afterEach(async () => {
    follower.stop();
    await dataSource.destroy();
    await connection.close();
    await nats.stop();
  });

  const confirmState = (options: Partial<ConfirmStateOptions> = {}) =>
    new ConfirmState({
      writer,
      bucket,
      publisher,
      follower,
      acknowledgements,
      findAheadOfPostgres: () => Promise.resolve(undefined),
      restoreEvents: () => events.restore(),
      onStanding: () => standings++,
      log: createLog('authorization', 'fatal'),
      now: () => clock,
      wallNow: () => Date.now(),
      ...options,
    });

  async function complete(): Promise<void> {
    const { epoch = '' } = (await bucket.state()) ?? {};
    const key = stateKey.complete(writer);
    const value = text.encode(JSON.stringify({ key, version: 1, deleted: false, service: writer, epoch }));
    await acknowledgements.enterEpoch({ epoch, completedAtSequence: await publisher.publishAlways(key, 1, value) });
  }

  let id = 0;
  /** A role's record that the bus took, as the relay keeps it. */
  async function acknowledge(name: string, version: number): Promise<number> {
    const key = stateKey.role(name);
    const value = text.encode(JSON.stringify({ key, version, deleted: false, name }));
    const sequence = await publisher.publish(key, version, value);
    await dataSource.query(
      `INSERT INTO acknowledged (id, kind, name, version, epoch, sequence) VALUES ($1, 'state', $2, $3, $4, $5)`,
      [++id, key, version, (await bucket.state())?.epoch, sequence],
    );
    return sequence;
  }

  const eventOf = (name: string) => ({
    specversion: '1.0' as const,
    id: name,
    source: '/sluice/authorization',
    type: 'dev.sluice.user-role.created.v1',
    subject: name,
    time: '2026-01-01T00:00:00.000Z',
    datacontenttype: 'application/json' as const,
    data: { name, description: '' },
  });
  async function acknowledgeEvent(name: string, position: number, what = 'user-role.created'): Promise<void> {
    const sequence = await events.publish(`sluice.events.${what}`, position, eventOf(name));
    await dataSource.query(
      `INSERT INTO acknowledged (id, kind, name, version, position, body, sequence)
       VALUES ($1, 'event', $2, 0, $3, $4, $5)`,
      [++id, what, position, eventOf(name), sequence],
    );
  }
  async function eventsOnBus(): Promise<string[]> {
    const manager = await jetstreamManager(connection);
    const { state } = await manager.streams.info(eventStream);
    const found: string[] = [];
    for (let sequence = 1; sequence <= state.last_seq; sequence++) {
      const message = await manager.streams.getMessage(eventStream, { seq: sequence });
      found.push(message?.json<{ subject: string }>().subject ?? '');
    }
    return found;
  }

  const confirmed = async () => {
    const stored = await bucket.last(stateKey.confirmation(writer));
    return stored && (JSON.parse(Buffer.from(stored.value).toString()) as { epoch: string; incarnation: string });
  };
  const lossReason = async () => {
    const stored = await bucket.last(stateKey.loss(writer));
    return stored && (JSON.parse(Buffer.from(stored.value).toString()) as { epoch: string; reason: string });
  };

  it('says that all stands, in this run of the server, when it does', async () => {
    await complete();
    await acknowledge('A', 1);
    await acknowledge('A', 2);
    const confirm = confirmState();
    await confirm.execute();
    const state = await bucket.state();
    expect(await confirmed()).toMatchObject({ epoch: state?.epoch, incarnation: state?.incarnation });
    await nats.halt('SIGKILL');
    await nats.start();
    await until(async () => (await bucket.state())?.incarnation !== state?.incarnation, { what: 'another run' });
    await confirm.execute();
    expect((await confirmed())?.incarnation).toBe((await bucket.state())?.incarnation);
    expect(confirm.losses).toBe(0);
  });

  it('has the stream held against Postgres once for each run of the server that it stands in, not for each connection', async () => {
    await complete();
    const confirm = confirmState();
    await confirm.execute();
    confirm.doubt();
    await confirm.execute();
    expect(standings).toBe(1);
    const before = (await bucket.state())?.incarnation;
    await nats.halt('SIGKILL');
    await nats.start();
    await until(async () => (await bucket.state())?.incarnation !== before, { what: 'another run' });
    await confirm.execute();
    expect(standings).toBe(2);
  });

  it('says nothing while this service has not put all it has into the stream', async () => {
    const confirm = confirmState();
    await confirm.execute();
    expect(await confirmed()).toBeUndefined();
    expect(confirm.standing).toBe(false);
  });

  it('attack 37: tells that a record it was acknowledged is not there any more, and confirms nothing', async () => {
    await complete();
    const copy = nats.copyStore();
    const sequence = await acknowledge('A', 1);
    await nats.losePower(copy);
    const confirm = confirmState();
    await until(() => confirm.execute().then(() => true), { what: 'the server' });
    expect(await lossReason()).toMatchObject({
      epoch: (await bucket.state())?.epoch,
      reason: `role.A was acknowledged under ${sequence} and does not stand there.`,
    });
    expect(await confirmed()).toBeUndefined();
    expect(confirm.losses).toBe(1);
  });

  it('attack 37: sees it also when the stream has come further since, and when an older version stands there', async () => {
    await complete();
    await acknowledge('A', 1);
    const copy = nats.copyStore();
    await acknowledge('A', 2);
    await nats.losePower(copy);
    await until(() => bucket.state(), { what: 'the server' });
    for (const name of ['X', 'Y', 'Z']) await publisher.publish(stateKey.role(name), 1, text.encode('{}'));
    const confirm = confirmState();
    await confirm.execute();
    expect((await lossReason())?.reason).toMatch(/^role.A was acknowledged/);
  });

  it('has the stream made anew where it may, and not again and again', async () => {
    await complete();
    const copy = nats.copyStore();
    await acknowledge('A', 1);
    await nats.losePower(copy);
    let remade = 0;
    const confirm = confirmState({ remake: () => Promise.resolve(++remade) });
    await until(() => confirm.execute().then(() => true), { what: 'the server' });
    expect(remade).toBe(1);
    clock += 1_000;
    await confirm.execute();
    expect(remade).toBe(1);
    clock += 5_000;
    await confirm.execute();
    expect(remade).toBe(2);
  });

  it('has it made anew when another service tells that it lost something', async () => {
    await complete();
    const { epoch = '' } = (await bucket.state()) ?? {};
    let remade = 0;
    const confirm = confirmState({ remake: () => Promise.resolve(++remade) });
    await confirm.execute();
    await confirmState({ writer: 'flow-runtime' }).report(epoch, 'it fell back');
    await until(() => follower.loss, { what: 'hearing of it' });
    clock += 10_000;
    await confirm.execute();
    expect(remade).toBe(1);
  });

  it('attack 37: does not take a stream that was replaced since, and comes back from a copy', async () => {
    await complete();
    const copy = nats.copyStore();
    await bucket.remove();
    await bucket.create();
    await complete();
    await nats.losePower(copy);
    const confirm = confirmState();
    await until(() => confirm.execute().then(() => true), { what: 'the server' });
    expect((await lossReason())?.reason).toMatch(/replaced/);
  });

  it('takes the stream that an earlier version filled, which kept no acknowledgements, and knows it from then on', async () => {
    await complete();
    await dataSource.query('DELETE FROM state_epoch');
    const confirm = confirmState();
    await confirm.execute();
    expect(confirm.standing).toBe(true);
    expect(await acknowledgements.knownEpoch()).toMatchObject({ epoch: (await bucket.state())?.epoch });
    expect(confirm.losses).toBe(0);
  });

  it('doubts the stream when a sequence is given a second time', async () => {
    await complete();
    await acknowledge('A', 1);
    const confirm = confirmState();
    await confirm.execute();
    expect(confirm.standing).toBe(true);
    const acknowledged = confirm.expectAcknowledgement();
    acknowledged(1);
    expect(confirm.standing).toBe(false);
  });

  it('publishes events again that their stream has lost, each once and in their order, before newer ones', async () => {
    await complete();
    await acknowledgeEvent('one', 1);
    const copy = nats.copyStore();
    await acknowledgeEvent('two', 2);
    await acknowledgeEvent('three', 3);
    await nats.losePower(copy);
    await until(() => bucket.state(), { what: 'the server' });
    expect(await eventsOnBus()).toEqual(['one']);
    // What the relay remembers of the subject's end is of the stream before.
    await events.publish('sluice.events.user-role.created', 4, eventOf('four'));
    expect(await eventsOnBus()).toEqual(['one', 'two', 'three', 'four']);
    const confirm = confirmState();
    await confirm.execute();
    expect(await eventsOnBus()).toEqual(['one', 'two', 'three', 'four']);
    expect(confirm.restoredEvents).toBe(0);
  });

  it.each([
    ['by itself', async () => void (await events.restore())],
    ['before a newer one of one kind', () => acknowledgeEvent('newer', 5, 'user-role.deleted')],
  ])('publishes lost events of several kinds in the one order in which they happened, %s', async (_when, again) => {
    await acknowledgeEvent('A is created', 1);
    await acknowledgeEvent('A is deleted', 2, 'user-role.deleted');
    await acknowledgeEvent('B is created', 3);
    await acknowledgeEvent('A is changed', 4, 'user-role.updated');
    const inOrder = await eventsOnBus();
    const manager = await jetstreamManager(connection);
    await manager.streams.delete(eventStream);
    await createEventStream(connection);
    events.forget();
    await again();
    expect((await eventsOnBus()).slice(0, 4)).toEqual(inOrder);
    expect((await eventsOnBus()).slice(4)).toEqual(_when === 'by itself' ? [] : ['newer']);
  });

  it('publishes them again without waiting for a newer one', async () => {
    await complete();
    const copy = nats.copyStore();
    await acknowledgeEvent('one', 1);
    await acknowledgeEvent('two', 2);
    await nats.losePower(copy);
    await until(() => bucket.state(), { what: 'the server' });
    const confirm = confirmState();
    await confirm.execute();
    expect(await eventsOnBus()).toEqual(['one', 'two']);
    expect(confirm.restoredEvents).toBe(2);
  });

  it('goes on confirming while Postgres is away, for what it saw to stand stands as long as the server runs', async () => {
    await complete();
    const confirm = confirmState();
    await confirm.execute();
    const before = (await bucket.last(stateKey.confirmation(writer)))?.sequence ?? 0;
    await dataSource.destroy();
    await confirm.execute();
    expect((await bucket.last(stateKey.confirmation(writer)))?.sequence).toBeGreaterThan(before);
    confirm.doubt();
    await expect(confirm.execute()).rejects.toThrow();
    await dataSource.initialize();
  });
});
