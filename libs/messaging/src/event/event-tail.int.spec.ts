import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventStream, type CloudEvent } from '@sluice/contracts';
import { until } from '@sluice/testing';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { TestBus } from '../testing/test-bus.js';
import { createEventStream, EventPublisher } from './event-publisher.js';
import { EventTail } from './event-tail.js';

const subject = 'sluice.events.service-key.created';
const event = (id: string): CloudEvent => ({
  specversion: '1.0',
  id,
  source: '/sluice/key-management/',
  type: 'dev.sluice.service-key.created.v1',
  subject: `service-key/${id}`,
  time: '2026-06-15T12:00:00.000Z',
  datacontenttype: 'application/json',
  data: {},
});

describe('the tail of the event stream, read with the permissions of the admin API', () => {
  let bus: TestBus;
  let writer: NatsConnection;
  let reader: NatsConnection;
  let manager: JetStreamManager;
  let tail: EventTail;
  const faults: unknown[] = [];
  let place = 0;

  beforeAll(async () => {
    bus = await TestBus.start();
    [writer, reader] = [await bus.as('key-management'), await bus.as('admin-api')];
    manager = await jetstreamManager(await bus.operate('EVENTS'));
  }, 60_000);
  afterAll(() => bus?.stop());
  beforeEach(async () => {
    await makeAnew();
    tail = new EventTail(reader, (error) => void faults.push(error));
  });
  afterEach(() => {
    tail.stop();
    expect(faults.splice(0)).toEqual([]);
  });

  async function makeAnew(): Promise<void> {
    await manager.streams.delete(eventStream).catch(() => undefined);
    // The server may still be removing what had the name.
    await until(() => createEventStream(writer).then(() => true), { what: 'the stream' });
  }

  async function publish(...ids: string[]): Promise<void> {
    const publisher = await EventPublisher.open(writer, {
      ends: () => Promise.resolve([]),
      between: () => Promise.resolve([]),
    });
    for (const id of ids) await publisher.publish(subject, ++place, event(id));
  }

  it('gives one event after the other in the order of the stream, whole, and nothing after the last', async () => {
    expect([await tail.next(0), await tail.newest()]).toEqual([undefined, undefined]);
    await publish('a', 'b');
    const first = await tail.next(0);
    expect(first).toEqual({
      sequence: 1,
      id: '/sluice/key-management/a',
      json: JSON.stringify(event('a')),
    });
    expect((await tail.next(1))?.id).toBe('/sluice/key-management/b');
    expect(await tail.next(2)).toBeUndefined();
    expect((await tail.newest())?.sequence).toBe(2);
    expect([(await tail.at(2))?.id, await tail.at(3)]).toEqual(['/sluice/key-management/b', undefined]);
  });

  it('wakes who waits when an event is published, and it is there to be read then', async () => {
    tail.start();
    await reader.flush();
    let moved = 0;
    const reading = (async () => {
      for (;;) {
        const next = await tail.next(0);
        if (next) return next.id;
        await tail.moved(60_000);
        moved++;
      }
    })();
    await publish('a');
    expect(await reading).toBe('/sluice/key-management/a');
    expect(moved).toBeGreaterThan(0);
  });

  it('shows nothing that was published and not stored', async () => {
    tail.start();
    await reader.flush();
    await manager.streams.delete(eventStream);
    const woken = tail.moved(60_000);
    writer.publish(subject, JSON.stringify(event('lost')));
    await woken;
    await makeAnew();
    expect(await tail.next(0)).toBeUndefined();
  });

  it('counts another course of the stream when it does not hold any more what was read from it', async () => {
    await publish('a', 'b');
    expect((await tail.next(1))?.sequence).toBe(2);
    await tail.look();
    expect(tail.course).toBe(0);
    await makeAnew();
    // The same places, with other events.
    await publish('c', 'd');
    await tail.look();
    expect(tail.course).toBe(1);
    expect((await tail.next(1))?.id).toBe('/sluice/key-management/d');
    await tail.look();
    expect(tail.course).toBe(1);
  });

  it('lets nobody wait once it has stopped', async () => {
    const waiting = tail.moved(60_000);
    tail.stop();
    await waiting;
    await tail.moved(60_000);
    expect(tail.stopped).toBe(true);
  });

  it('fails while the stream cannot be read, and goes on after that', async () => {
    await manager.streams.delete(eventStream);
    await expect(tail.next(0)).rejects.toThrow();
    await makeAnew();
    await publish('a');
    expect((await tail.next(0))?.id).toBe('/sluice/key-management/a');
  });
});
