import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TestNats } from '@sluice/testing';
import { AckPolicy, JetStreamApiError, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, nanos, type NatsConnection } from '@nats-io/transport-node';
import { keepConsumer, keepStream } from './keep-stream.js';

describe('a stream that is kept', () => {
  let nats: TestNats;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  /** Of each test another one: the server may still be removing what had the name. */
  let name = '';
  let subjects: string[];
  let made = 0;
  const durable = { durable_name: 'reader', ack_policy: AckPolicy.Explicit };

  beforeAll(async () => {
    nats = await TestNats.start();
    connection = await connect({ servers: nats.url });
    manager = await jetstreamManager(connection);
  }, 60_000);
  afterAll(async () => {
    await connection?.close();
    await nats?.stop();
  });
  beforeEach(async () => {
    name = `KEPT_${++made}`;
    subjects = [`kept.${made}.>`];
    await keepStream(manager, { name, subjects, max_msgs: 10 });
  });

  it('is brought to another configuration with what is in it', async () => {
    await connection.request(`kept.${made}.a`, 'one');
    await keepStream(manager, { name, subjects, max_msgs: 20 });
    const { config, state } = await manager.streams.info(name);
    expect([config.max_msgs, state.messages]).toEqual([20, 1]);
  });

  it('is not made where another stream has its subjects, and the other is left alone', async () => {
    await expect(keepStream(manager, { name: 'OTHER', subjects: [`kept.${made}.a`] })).rejects.toThrow(
      JetStreamApiError,
    );
    expect((await manager.streams.info(name)).config.subjects).toEqual(subjects);
  });

  it('is read by a consumer that is brought to another configuration where it stands', async () => {
    await keepConsumer(manager, name, { ...durable, ack_wait: nanos(1_000) });
    for (const end of ['a', 'b']) await connection.request(`kept.${made}.${end}`, '');
    await keepConsumer(manager, name, { ...durable, ack_wait: nanos(2_000) });
    await keepConsumer(manager, name, { ...durable, ack_wait: nanos(2_000) });
    const { config, num_pending } = await manager.consumers.info(name, durable.durable_name);
    expect([config.ack_wait, num_pending]).toEqual([nanos(2_000), 2]);
  });

  it('has no consumer made that the server refuses', async () => {
    await expect(keepConsumer(manager, 'NOWHERE', durable)).rejects.toThrow(JetStreamApiError);
    await expect(keepConsumer(manager, name, { ...durable, max_deliver: 1, backoff: [1, 2] })).rejects.toThrow();
  });
});
