import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { stateKey, type StateRecord } from '@sluice/contracts';
import { RecordReader, type StateBucket, type StatePublisher, type StoredRecord } from '@sluice/messaging';
import { keepRepairing, type Repairing } from './keep-repairing.js';
import { createLog } from './log.js';
import { Metrics } from './metrics/metrics.js';

const writer = 'authorization';
const epoch = 'one';
const text = new TextEncoder();

/** A stream of which some records were lost, in simulated time; what compares and repairs is the real code. */
describe('holding the state stream against Postgres', () => {
  const count = 1_000;
  const stream = new Map<string, StoredRecord>();
  let repairing: Repairing;
  let leads: boolean;
  let faults: string[];
  let busIsAway: boolean;

  const put = (record: object & { key: string; version: number }) =>
    stream.set(record.key, {
      key: record.key,
      sequence: stream.size + 1,
      version: record.version,
      value: text.encode(JSON.stringify(record)),
    });
  const role = (index: number): StateRecord<'role'> => ({
    key: stateKey.role(`r${index}`),
    version: 1,
    deleted: false,
    name: `r${index}`,
  });
  const lost = role(count - 1);

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    stream.clear();
    put({ key: stateKey.complete(writer), version: 1, deleted: false, service: writer, epoch } as never);
    for (let index = 0; index < count; index++) put(role(index));
    leads = true;
    busIsAway = false;
    faults = [];
    repairing = keepRepairing(
      {
        log: createLog(writer, 'silent'),
        metrics: new Metrics(),
        onFault: (error) => faults.push((error as Error).message),
      },
      {
        writer,
        bucket: {
          state: async () => {
            if (busIsAway) throw new Error('the bus is away');
            return { epoch, incarnation: 'run', lastSequence: stream.size, sealed: false };
          },
          last: async (key: string) => stream.get(key),
          keys: async (prefix: string) => [...stream.keys()].filter((key) => key.startsWith(`${prefix}.`)),
        } as unknown as StateBucket,
        publisher: {
          publishIf: async (key: string, _expected: number, version: number, value: Uint8Array) => {
            stream.set(key, { key, sequence: stream.size + 2, version, value });
            return stream.size + 2;
          },
        } as unknown as StatePublisher,
        reader: new RecordReader([]),
        pendingKeys: async () => new Set(),
        records: async function* () {
          for (let index = 0; index < count; index++) yield role(index);
        },
        encode: (record) => text.encode(JSON.stringify(record)),
        goesOn: () => leads,
      },
    );
  });

  afterEach(() => {
    repairing.stop();
    jest.useRealTimers();
  });

  const lose = () => stream.delete(lost.key);
  const isBack = () => stream.has(lost.key);

  it('puts back within a second what another run of the server has lost of a thousand records', async () => {
    lose();
    repairing.atOnce();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(isBack()).toBe(true);
  });

  it('takes its time for the passes in between', async () => {
    lose();
    await jest.advanceTimersByTimeAsync(60_000 + 4_000);
    expect(isBack()).toBe(false);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(isBack()).toBe(true);
  });

  it('goes over everything again, and fast, when it is asked in the middle of a pass', async () => {
    await jest.advanceTimersByTimeAsync(60_000 + 2_500);
    const passed = role(0);
    stream.delete(passed.key);
    repairing.atOnce();
    await jest.advanceTimersByTimeAsync(1_500);
    expect(stream.has(passed.key)).toBe(true);
  });

  it('does not forget that it was asked while the bus is away or another process leads', async () => {
    lose();
    busIsAway = true;
    repairing.atOnce();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(faults.length).toBeGreaterThan(0);
    leads = false;
    busIsAway = false;
    await jest.advanceTimersByTimeAsync(5_000);
    expect(isBack()).toBe(false);
    leads = true;
    await jest.advanceTimersByTimeAsync(3_000);
    expect(isBack()).toBe(true);
  });
});
