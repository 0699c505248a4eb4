import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { cloudEventContentType, eventStream, outboxPositionHeader, type CloudEvent } from '@sluice/contracts';
import { until } from '@sluice/testing';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { type NatsConnection } from '@nats-io/transport-node';
import { TestBus } from '../testing/test-bus.js';
import { createEventStream, EventPublisher, type AcknowledgedEvents, type PlacedEvent } from './event-publisher.js';

const [created, revoked] = ['sluice.events.service-key.created', 'sluice.events.service-key.revoked'] as const;

const event = (id: number, more: Partial<CloudEvent> = {}): CloudEvent => ({
  specversion: '1.0',
  id: String(id),
  source: '/sluice/key-management/',
  type: 'dev.sluice.service-key.created.v1',
  subject: `service-key/${id}`,
  time: '2026-06-15T12:00:00.000Z',
  datacontenttype: 'application/json',
  data: {},
  ...more,
});

/** What Postgres knows to have been acknowledged: places by subject. It hands out few at a time. */
class Acknowledged implements AcknowledgedEvents {
  readonly asked: string[] = [];
  constructor(
    private readonly places: Readonly<Record<string, readonly number[]>> = {},
    private readonly atATime = 2,
  ) {}
  ends(): ReturnType<AcknowledgedEvents['ends']> {
    return Promise.resolve(
      Object.entries(this.places).map(([subject, places]) => ({ subject, position: Math.max(...places) })),
    );
  }
  between(subject: string, after: number, before: number): Promise<readonly PlacedEvent[]> {
    this.asked.push(`${subject} after ${after}`);
    const places = (this.places[subject] ?? []).filter((place) => place > after && place < before);
    return Promise.resolve(places.slice(0, this.atATime).map((position) => ({ position, event: event(position) })));
  }
}

describe('the publisher of events', () => {
  let bus: TestBus;
  let connection: NatsConnection;
  let manager: JetStreamManager;

  beforeAll(async () => {
    bus = await TestBus.start();
    connection = await bus.as('key-management');
    manager = await jetstreamManager(await bus.operate('EVENTS'));
    await createEventStream(connection);
  }, 60_000);
  afterAll(() => bus?.stop());
  // The server may still be removing what had the name.
  const makeAgain = (): Promise<boolean> =>
    until(() => createEventStream(connection).then(() => true), { what: 'the stream' });
  // Its messages cannot be deleted, but who operates the bus can lose all of it.
  const loseAll = async (): Promise<void> => {
    await manager.streams.delete(eventStream);
    await makeAgain();
  };
  beforeEach(loseAll);

  const open = (acknowledged: AcknowledgedEvents = new Acknowledged()): Promise<EventPublisher> =>
    EventPublisher.open(connection, acknowledged);

  /** What the stream holds, in its order: subject and place. */
  async function stored(): Promise<string[]> {
    const { state } = await manager.streams.info(eventStream);
    const messages = await Promise.all(
      Array.from({ length: state.messages }, (_, index) =>
        manager.streams.getMessage(eventStream, { seq: state.first_seq + index }),
      ),
    );
    return messages.map((message) => `${message?.subject} ${message?.header.get(outboxPositionHeader)}`);
  }

  it('writes an event with its place, its content type, and the trace it belongs to', async () => {
    const publisher = await open();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const sequence = await publisher.publish(created, 7, event(7, { traceparent }));
    const message = await manager.streams.getMessage(eventStream, { seq: sequence });
    expect(message?.json()).toEqual(event(7, { traceparent }));
    expect(message?.header.get('content-type')).toBe(cloudEventContentType);
    expect(message?.header.get('traceparent')).toBe(traceparent);
    expect(message?.header.get('Nats-Msg-Id')).toBe('/sluice/key-management/7');
    await publisher.publish(created, 8, event(8));
    const next = await manager.streams.getMessage(eventStream, { last_by_subj: created });
    expect(next?.header.has('traceparent')).toBe(false);
  });

  it('publishes none that was published before, by whatever relay, however long ago', async () => {
    const publisher = await open();
    await publisher.publish(created, 7, event(7));
    const sequence = await publisher.publish(created, 9, event(9));
    // The publisher knows the end by heart; another reads it from the stream.
    for (const relay of [publisher, await open()])
      for (const place of [7, 8, 9]) expect(await relay.publish(created, place, event(place))).toBe(sequence);
    expect(await stored()).toEqual([`${created} 7`, `${created} 9`]);
  });

  it('takes up the subject where another relay has gone on with it', async () => {
    const [first, second] = [await open(), await open()];
    await first.publish(created, 1, event(1));
    await second.publish(created, 2, event(2));
    await first.publish(created, 3, event(3));
    await second.publish(created, 3, event(3));
    expect(await stored()).toEqual([`${created} 1`, `${created} 2`, `${created} 3`]);
  });

  it('publishes what is asked of it at once one after the other, in the order of the calls', async () => {
    const publisher = await open();
    await Promise.all(
      [1, 2, 3, 4, 5].map((place) => publisher.publish(place % 2 ? created : revoked, place, event(place))),
    );
    expect(await stored()).toEqual([1, 2, 3, 4, 5].map((place) => `${place % 2 ? created : revoked} ${place}`));
  });

  it('publishes again what the stream has lost, all subjects in the one order of the service', async () => {
    const acknowledged = new Acknowledged({ [created]: [1, 3, 4, 8], [revoked]: [2, 5, 6, 7] });
    const publisher = await open(acknowledged);
    expect(await publisher.restore()).toBe(8);
    expect(await stored()).toEqual([
      `${created} 1`,
      `${revoked} 2`,
      `${created} 3`,
      `${created} 4`,
      `${revoked} 5`,
      `${revoked} 6`,
      `${revoked} 7`,
      `${created} 8`,
    ]);
    expect(await publisher.restore()).toBe(0);
  });

  it('publishes again only what comes after the end the stream has', async () => {
    await (await open()).publish(created, 3, event(3));
    const acknowledged = new Acknowledged({ [created]: [1, 3, 4], [revoked]: [] });
    expect(await (await open(acknowledged)).restore()).toBe(1);
    expect(acknowledged.asked).toEqual([`${created} after 3`, `${created} after 4`]);
    expect(await stored()).toEqual([`${created} 3`, `${created} 4`]);
  });

  it('publishes what was lost before what is new, when the stream went away under it', async () => {
    const publisher = await open(new Acknowledged({ [created]: [1, 2], [revoked]: [3] }));
    await publisher.publish(created, 1, event(1));
    await publisher.publish(created, 2, event(2));
    await publisher.publish(revoked, 3, event(3));
    await loseAll();
    await publisher.publish(created, 4, event(4));
    expect(await stored()).toEqual([`${created} 1`, `${created} 2`, `${revoked} 3`, `${created} 4`]);
  });

  it('knows by heart where a subject ends, and asks again once it was told to forget', async () => {
    const publisher = await open(new Acknowledged({ [created]: [1] }));
    await publisher.publish(created, 1, event(1));
    await loseAll();
    // By heart it was published before.
    await publisher.publish(created, 1, event(1));
    expect(await stored()).toEqual([]);
    publisher.forget();
    await publisher.publish(created, 1, event(1));
    expect(await stored()).toEqual([`${created} 1`]);
  });

  it('tells how far the stream has come, and that it has come nowhere when there is none', async () => {
    const publisher = await open();
    expect(await publisher.furthest([created, revoked])).toBe(0);
    await publisher.publish(created, 3, event(3));
    await publisher.publish(revoked, 5, event(5));
    expect(await publisher.furthest([created, revoked])).toBe(5);
    expect(await publisher.furthest([created])).toBe(3);
    await manager.streams.delete(eventStream);
    expect(await publisher.furthest([created, revoked])).toBe(0);
    await makeAgain();
  });

  it('fails with the bus, and goes on when it is back', async () => {
    const publisher = await open();
    await publisher.publish(created, 1, event(1));
    await manager.streams.delete(eventStream);
    const failing = [publisher.publish(created, 2, event(2)), publisher.publish(created, 3, event(3))];
    for (const { status } of await Promise.allSettled(failing)) expect(status).toBe('rejected');
    await expect(publisher.restore()).resolves.toBe(0);
    await makeAgain();
    await publisher.publish(created, 2, event(2));
    expect(await stored()).toEqual([`${created} 2`]);
  });

  it('keeps a stream that an earlier version made, and brings it to the age of this one', async () => {
    await (await open()).publish(created, 1, event(1));
    await createEventStream(connection, 1, 60_000_000);
    expect((await manager.streams.info(eventStream)).config.max_age).toBe(60_000_000 * 1_000_000);
    expect(await stored()).toEqual([`${created} 1`]);
  });
});
