import { describe, expect, it } from '@jest/globals';
import { decisionRecord, type DecisionRecord } from '@sluice/contracts';
import { setImmediate } from 'node:timers/promises';
import { RecordDecision, type DecidedCall } from './record-decision.js';

const denied: DecidedCall = {
  outcome: 'denied',
  status: 401,
  reason: 'no-certificate',
  path: '/http/x',
  evidence: { checks: [{ check: 'certificate', ok: false, explanation: 'none' }] },
};

/** A bus that takes what is published once it is let. */
class Bus {
  readonly records: DecisionRecord[] = [];
  #free: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  hold(): void {
    this.#free = new Promise((resolve) => (this.#release = resolve));
  }

  release(): void {
    this.#release();
  }

  publish(subject: string, payload: string): void {
    const record = decisionRecord.parse(JSON.parse(payload));
    expect(subject).toBe(`sluice.decisions.${record.id}`);
    this.records.push(record);
  }

  flush(): Promise<void> {
    return this.#free;
  }
}

const recorder = (bus: Bus, sample = 0) =>
  new RecordDecision(
    bus,
    { note: () => undefined },
    sample,
    () => 0,
    (error) => {
      throw error;
    },
  );

describe('recording decisions', () => {
  it('gives an id at once and writes the record afterwards', async () => {
    const bus = new Bus();
    const id = recorder(bus).record(denied);
    expect(id).toMatch(/^[\w-]{22}$/);
    expect(bus.records).toEqual([]);
    await setImmediate();
    expect(bus.records).toMatchObject([{ id, outcome: 'denied', status: 401, at: '1970-01-01T00:00:00.000Z' }]);
  });

  it('keeps a bounded number while the bus is away, counts the others, and goes on afterwards', async () => {
    const bus = new Bus();
    bus.hold();
    const decisions = recorder(bus);
    decisions.record(denied);
    await setImmediate();
    for (let call = 0; call < 5_000; call++) decisions.record(denied);
    expect(decisions.dropped).toBe(3_000);
    expect(bus.records).toHaveLength(1);
    bus.release();
    while (bus.records.length < 2_001) await setImmediate();
    decisions.record(denied);
    while (bus.records.length < 2_002) await setImmediate();
    expect(decisions.dropped).toBe(3_000);
  });

  it('cuts what a sender can make long', async () => {
    const bus = new Bus();
    const long = 'x'.repeat(100_000);
    recorder(bus).record({
      ...denied,
      path: `/${long}`,
      evidence: { checks: [{ check: 'chain', ok: false, explanation: long }] },
    });
    await setImmediate();
    expect(JSON.stringify(bus.records[0]).length).toBeLessThan(4_000);
  });

  it('samples the share of allowed calls it is told, and none at 0', () => {
    const count = (decisions: RecordDecision) =>
      Array.from({ length: 1_000 }, () => decisions.sampled()).filter(Boolean).length;
    expect([0, 0.01, 0.5, 1].map((sample) => count(recorder(new Bus(), sample)))).toEqual([0, 10, 500, 1_000]);
  });
});
