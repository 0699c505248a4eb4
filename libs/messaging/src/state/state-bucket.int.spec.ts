import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { stateMakingName, stateMakingSubject, stateStream, stateSubjectPrefix } from '@sluice/contracts';
import { TestNats, until } from '@sluice/testing';
import {
  DiscardPolicy,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { StateBucket } from './state-bucket.js';
import { StatePublisher } from './state-publisher.js';

const text = new TextEncoder();

describe('the state bucket', () => {
  let nats: TestNats;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  let bucket: StateBucket;
  let publisher: StatePublisher;

  beforeAll(async () => {
    nats = await TestNats.start();
    connection = await connect({ servers: nats.url });
    manager = await jetstreamManager(connection);
    bucket = await StateBucket.open(connection);
    publisher = new StatePublisher(connection, bucket);
  }, 60_000);
  afterAll(async () => {
    await connection?.close();
    await nats?.stop();
  });
  beforeEach(async () => {
    if (await bucket.state()) await bucket.remove();
  });

  /** Makes it; the server may still be removing the one before. */
  const create = (made = bucket): Promise<boolean> =>
    until(() => made.create().then(() => true), { what: 'the bucket' });

  it('is nowhere before it is made, and has no keys then', async () => {
    expect(await bucket.state()).toBeUndefined();
    expect(await bucket.keys('role')).toEqual([]);
    await expect(bucket.last('role.a')).rejects.toThrow(JetStreamApiError);
  });

  it('keeps its epoch when it is made again, and has another once it was gone', async () => {
    await create();
    const first = (await bucket.state())?.epoch;
    await create();
    expect((await bucket.state())?.epoch).toBe(first);
    await bucket.remove();
    await create();
    expect((await bucket.state())?.epoch).not.toBe(first);
  });

  it('is made once by two who make it at the same time, with one epoch', async () => {
    const other = await StateBucket.open(connection);
    await Promise.all([create(), create(other)]);
    expect((await other.state())?.epoch).toBe((await bucket.state())?.epoch);
  });

  it('holds nothing of the one before it, which the server may not have removed from its disk yet', async () => {
    for (let turn = 0; turn < 60; turn++) {
      await create();
      const state = await bucket.state();
      expect([turn, state?.lastSequence, await bucket.next(1, '>')]).toEqual([turn, 0, undefined]);
      for (const key of ['root.a', 'instance.b', 'role.c']) await publisher.publish(key, turn + 1, text.encode('old'));
      await bucket.remove();
    }
  }, 60_000);

  it('is no bucket, and takes no record, until it is seen to be empty, and one that was left half made is made', async () => {
    await until(
      () =>
        manager.streams.add({
          name: stateStream,
          subjects: [stateMakingSubject],
          metadata: { [stateMakingName]: 'to-be' },
          retention: RetentionPolicy.Limits,
          max_msgs_per_subject: 1,
          allow_rollup_hdrs: true,
          deny_delete: true,
          allow_direct: false,
          discard: DiscardPolicy.New,
        }),
      { what: 'the stream' },
    );
    expect(await bucket.state()).toBeUndefined();
    await expect(publisher.publish('role.a', 1, text.encode('x'))).rejects.toThrow();
    await create();
    expect((await bucket.state())?.epoch).toBe('to-be');
    await publisher.publish('role.a', 1, text.encode('x'));
    await bucket.remove();
  });

  it('has, where an earlier version made it, the time of its making for its epoch, and keeps that', async () => {
    const earlier = { name: stateStream, subjects: [`${stateSubjectPrefix}>`], max_msgs_per_subject: 1 };
    await until(() => manager.streams.add(earlier), { what: 'the stream' });
    const { created } = await manager.streams.info(stateStream);
    expect((await bucket.state())?.epoch).toBe(created);
    await create();
    expect((await bucket.state())?.epoch).toBe(created);
  });

  it('hands out records by key and in their order, with the versions they were written as', async () => {
    await create();
    await publisher.publish('role.a', 1, text.encode('one'));
    await publisher.publish('root.b', 7, text.encode('two'));
    await publisher.publish('role.a', 2, text.encode('three'));
    expect(await bucket.last('role.a')).toMatchObject({ key: 'role.a', sequence: 3, version: 2 });
    expect(await bucket.last('role.none')).toBeUndefined();
    expect((await bucket.next(1, '>'))?.key).toBe('root.b');
    expect((await bucket.next(1, 'role.>'))?.sequence).toBe(3);
    expect(await bucket.next(4, '>')).toBeUndefined();
    expect(await bucket.keys('role')).toEqual(['role.a']);
    expect((await bucket.state())?.lastSequence).toBe(3);
  });

  it('takes no older version over a newer one, and tells where the newer stands', async () => {
    await create();
    await publisher.publish('role.a', 1, text.encode('one'));
    expect(await publisher.publish('role.a', 3, text.encode('three'))).toBe(2);
    for (const version of [1, 2, 3]) expect(await publisher.publish('role.a', version, text.encode('old'))).toBe(2);
    expect(Buffer.from((await bucket.last('role.a'))?.value ?? []).toString()).toBe('three');
    // Nothing stands there although it is likely that something does, and the other way round.
    expect(await publisher.publish('role.b', 5, text.encode('five'))).toBe(3);
    expect(await publisher.publish('role.a', 4, text.encode('four'), true)).toBe(4);
  });

  it('reads a record that nobody gave a version as of none, so that any is newer', async () => {
    await create();
    await connection.request(`${stateSubjectPrefix}role.a`, '');
    expect(await bucket.last('role.a')).toEqual({ key: 'role.a', sequence: 1, value: new Uint8Array(0), version: 0 });
    expect(await publisher.publish('role.a', 1, text.encode('one'))).toBe(2);
  });

  it('takes nothing once it is sealed, and can still be read', async () => {
    await create();
    await publisher.publish('role.a', 1, text.encode('one'));
    await bucket.seal();
    expect((await bucket.state())?.sealed).toBe(true);
    await expect(publisher.publishAlways('role.a', 2, text.encode('two'))).rejects.toThrow();
    await expect(publisher.publishIf('role.a', 1, 2, text.encode('two'))).rejects.toThrow();
    expect(await bucket.last('role.a')).toMatchObject({ version: 1 });
  });
});
