import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Acknowledgement, OutboxRow } from './outbox.js';
import { publishBatch, statesAtOnce } from './publish-batch.js';

const row = (id: string, kind: OutboxRow['kind'], name: string): OutboxRow => ({
  id,
  kind,
  name,
  version: '1',
  body: {},
  position: id,
});
const acknowledgement = (id: string): Acknowledgement => ({ epoch: undefined, sequence: Number(id) });

/** What follows from an answer follows in microtasks. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A bus whose answers the test gives, each when and as it likes. */
class Bus {
  /** What happened to which row, in order. */
  readonly told: string[] = [];
  readonly open = new Map<string, PromiseWithResolvers<Acknowledgement>>();
  readonly published = new Map<string, Acknowledgement>();
  readonly ended: Promise<unknown>;
  readonly counted = { publishing: 0, published: 0 };

  static async given(rows: readonly OutboxRow[]): Promise<Bus> {
    const bus = new Bus(rows);
    await settled();
    return bus;
  }

  private constructor(rows: readonly OutboxRow[]) {
    this.ended = publishBatch(rows, this.published, {
      publish: ({ id }) => {
        this.told.push(`asked ${id}`);
        const answer = Promise.withResolvers<Acknowledgement>();
        this.open.set(id, answer);
        return answer.promise;
      },
      onPublishing: () => this.counted.publishing++,
      onPublished: () => this.counted.published++,
    }).catch((error: unknown) => error);
  }

  async answer(id: string, how: 'takes' | 'fails' = 'takes'): Promise<void> {
    const answer = this.open.get(id);
    if (!answer) throw new Error(`row ${id} was not asked for`);
    this.open.delete(id);
    this.told.push(`${how} ${id}`);
    if (how === 'takes') answer.resolve(acknowledgement(id));
    else answer.reject(new Error(`no ${id}`));
    await settled();
  }
}

describe('publishing a batch of the outbox', () => {
  it('publishes records of different keys side by side, those of one key one after the other', async () => {
    const bus = await Bus.given([row('1', 'state', 'a'), row('2', 'state', 'a'), row('3', 'state', 'b')]);
    expect([...bus.open.keys()]).toEqual(['1', '3']);
    await bus.answer('3');
    expect([...bus.open.keys()]).toEqual(['1']);
    await bus.answer('1');
    await bus.answer('2');
    expect(await bus.ended).toBeUndefined();
    expect(bus.published).toEqual(new Map(['1', '2', '3'].map((id) => [id, acknowledgement(id)])));
    expect(bus.counted).toEqual({ publishing: 3, published: 3 });
  });

  it('has no more keys under way at once than it may', async () => {
    const rows = Array.from({ length: statesAtOnce + 2 }, (_, index) => row(String(index), 'state', `key ${index}`));
    const bus = await Bus.given(rows);
    expect(bus.open.size).toBe(32);
    for (const { id } of rows) await bus.answer(id);
    expect(await bus.ended).toBeUndefined();
    expect(bus.published.size).toBe(rows.length);
  });

  it('publishes events one after the other, when the records are on the bus', async () => {
    const bus = await Bus.given([row('1', 'event', 'first'), row('2', 'state', 'a'), row('3', 'event', 'second')]);
    for (const id of ['2', '1', '3']) {
      expect([...bus.open.keys()]).toEqual([id]);
      await bus.answer(id);
    }
    expect(await bus.ended).toBeUndefined();
  });

  it('publishes the events before a record that failed, and none after it', async () => {
    const bus = await Bus.given([row('1', 'event', 'before'), row('2', 'state', 'a'), row('3', 'event', 'after')]);
    await bus.answer('2', 'fails');
    await bus.answer('1');
    expect(await bus.ended).toEqual(new Error('no 2'));
    expect([...bus.published.keys()]).toEqual(['1']);
    expect(bus.counted).toEqual({ publishing: 2, published: 1 });
  });

  it('publishes no event after one that failed', async () => {
    const bus = await Bus.given([row('1', 'event', 'first'), row('2', 'event', 'second')]);
    await bus.answer('1', 'fails');
    expect(await bus.ended).toEqual(new Error('no 1'));
    expect(bus.told).toEqual(['asked 1', 'fails 1']);
  });

  it('begins no other record once one failed, and waits for those under way', async () => {
    const bus = await Bus.given([row('1', 'state', 'a'), row('2', 'state', 'b'), row('3', 'state', 'b')]);
    await bus.answer('1', 'fails');
    await bus.answer('2');
    expect(await bus.ended).toEqual(new Error('no 1'));
    expect(bus.told).toEqual(['asked 1', 'asked 2', 'fails 1', 'takes 2']);
    expect([...bus.published.keys()]).toEqual(['2']);
  });

  it('holds back the later record of a key whose earlier one failed', async () => {
    const bus = await Bus.given([row('1', 'state', 'a'), row('2', 'state', 'a')]);
    await bus.answer('1', 'fails');
    await bus.ended;
    expect(bus.told).toEqual(['asked 1', 'fails 1']);
  });

  it('keeps to the order in every batch, whichever answers come when, and whichever fail', async () => {
    const anyRow = fc.record({
      kind: fc.constantFrom<OutboxRow['kind'][]>('state', 'event'),
      name: fc.constantFrom('a', 'b', 'c'),
      takes: fc.integer({ min: 0, max: 4 }).map((number) => number > 0),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyRow, { maxLength: 8 }),
        fc.infiniteStream(fc.nat({ max: 31 })),
        async (given, picks) => {
          const rows = given.map(({ kind, name }, index) => row(String(index), kind, name));
          const bus = await Bus.given(rows);
          while (bus.open.size > 0) {
            const { value: pick } = picks.next();
            const id = [...bus.open.keys()][(pick ?? 0) % bus.open.size] as string;
            // Whoever hears of a change finds it made, and an older record never follows a newer one.
            for (const earlier of rows.slice(0, Number(id))) {
              const mustBeThere =
                rows[Number(id)]?.kind === 'event' ||
                (earlier.kind === 'state' && earlier.name === rows[Number(id)]?.name);
              if (mustBeThere) expect(bus.published.has(earlier.id)).toBe(true);
            }
            await bus.answer(id, given[Number(id)]?.takes ? 'takes' : 'fails');
          }
          const firstFailed = bus.told.find((what) => what.startsWith('fails'))?.slice('fails '.length);
          expect(await bus.ended).toEqual(firstFailed === undefined ? undefined : new Error(`no ${firstFailed}`));
          expect([...bus.published.keys()].sort()).toEqual(
            bus.told
              .filter((what) => what.startsWith('takes'))
              .map((what) => what.slice('takes '.length))
              .sort(),
          );
          if (firstFailed === undefined) expect(bus.published.size).toBe(rows.length);
        },
      ),
    );
  });
});
