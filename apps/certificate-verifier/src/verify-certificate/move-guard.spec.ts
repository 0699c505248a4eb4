import { describe, expect, it } from '@jest/globals';
import type { GuardRecord, UnpinnedRecord } from '@sluice/contracts';
import fc from 'fast-check';
import { moveGuard, type GuardOutcome, type GuardStore } from './move-guard.js';

const digest = 'd'.repeat(64);
const issuerKey = '1'.repeat(64);
const sha = (index: number) => index.toString(16).padStart(64, '0');

const unpinned = (more: Partial<UnpinnedRecord> = {}): UnpinnedRecord => ({
  key: `unpinned.${digest}`,
  version: 1,
  deleted: false,
  digest,
  serviceKeyId: 'k',
  serviceKeyName: 'key',
  serviceInstanceId: 'i',
  status: 'active',
  issuerKeySha256: issuerKey,
  accepted: { sha256: sha(0), notBeforeMs: 0 },
  ...more,
});

/** The bucket's leader: one record, written on the condition of its sequence. */
class Leader {
  sequence = 0;
  record: GuardRecord | undefined;
  readonly history: GuardRecord[] = [];

  write(record: GuardRecord, expected: number): number | undefined {
    if (expected !== this.sequence) return undefined;
    this.record = record;
    this.history.push(record);
    return ++this.sequence;
  }

  entry() {
    return { key: `guard.${digest}`, sequence: this.sequence, record: this.record };
  }
}

const storeOf = (leader: Leader): GuardStore => ({
  read: () => leader.entry(),
  readNow: () => Promise.resolve(leader.entry()),
  write: (record, expected) => Promise.resolve(leader.write(record, expected)),
});

/** Certificate number n was issued at time n. */
const present = (n: number, issuerKeySha256 = issuerKey) => ({ sha256: sha(n), notBefore: n, issuerKeySha256 });

describe('a certificate of an unpinned key', () => {
  it('is accepted without a write when it is the registered one and its issuer’s key is bound', async () => {
    const leader = new Leader();
    expect(await moveGuard(storeOf(leader), unpinned(), present(0))).toEqual({
      outcome: 'accepted',
      dependency: { key: `guard.${digest}`, sequence: 0 },
    });
    expect(leader.history).toEqual([]);
  });

  it('moves the guard forward when it was issued later, and the one before is refused from then on', async () => {
    const leader = new Leader();
    expect(await moveGuard(storeOf(leader), unpinned(), present(5))).toMatchObject({
      outcome: 'accepted',
      dependency: { sequence: 1 },
    });
    expect(await moveGuard(storeOf(leader), unpinned(), present(0))).toMatchObject({
      outcome: 'refused',
      refusal: 'older-certificate',
    });
    expect(await moveGuard(storeOf(leader), unpinned(), present(5))).toMatchObject({ outcome: 'accepted' });
    expect(leader.history).toHaveLength(1);
  });

  it('is refused when it was issued at the same time as the one accepted last: only a later one replaces it', async () => {
    const twin = { ...present(0), sha256: sha(99) };
    expect(await moveGuard(storeOf(new Leader()), unpinned(), twin)).toMatchObject({
      outcome: 'refused',
      refusal: 'older-certificate',
    });
  });

  it('attack 16: is refused when a CA of the same name but with another key issued it', async () => {
    expect(await moveGuard(storeOf(new Leader()), unpinned(), present(5, '2'.repeat(64)))).toMatchObject({
      outcome: 'refused',
      refusal: 'other-issuer-key',
    });
  });

  it('binds the issuer’s key on the first valid use when registration could not', async () => {
    const leader = new Leader();
    const { issuerKeySha256: _unknown, ...unbound } = unpinned();
    expect(await moveGuard(storeOf(leader), unbound, present(0))).toMatchObject({
      outcome: 'accepted',
      dependency: { sequence: 1 },
    });
    expect(await moveGuard(storeOf(leader), unbound, present(7, '2'.repeat(64)))).toMatchObject({
      refusal: 'other-issuer-key',
    });
  });

  it('does not heed the guard of a key that was deleted and made anew with the same names', async () => {
    const leader = new Leader();
    await moveGuard(storeOf(leader), unpinned({ serviceKeyId: 'before' }), present(9));
    expect(await moveGuard(storeOf(leader), unpinned(), present(0))).toMatchObject({ outcome: 'accepted' });
  });

  it('goes on from what Postgres kept when the bucket was made anew', async () => {
    const restored = unpinned({ accepted: { sha256: sha(5), notBeforeMs: 5 } });
    expect(await moveGuard(storeOf(new Leader()), restored, present(3))).toMatchObject({
      refusal: 'older-certificate',
    });
  });

  it('gives up, so that the caller asks again, when others move the guard each time', async () => {
    const store = storeOf(new Leader());
    expect(await moveGuard({ ...store, write: () => Promise.resolve(undefined) }, unpinned(), present(5))).toEqual({
      outcome: 'contended',
    });
  });
});

describe('several verifiers at once', () => {
  it('never accept an older certificate after a newer one, whatever the order of their reads and writes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 2, maxLength: 8 }),
        fc.scheduler(),
        async (numbers, scheduler) => {
          const leader = new Leader();
          const accepted: { n: number; at: number }[] = [];
          const verifier = async (n: number) => {
            const store: GuardStore = {
              read: () => scheduler.schedule(Promise.resolve(leader.entry())),
              readNow: async () => {
                await scheduler.schedule(Promise.resolve());
                return leader.entry();
              },
              write: async (record, expected) => {
                await scheduler.schedule(Promise.resolve());
                return leader.write(record, expected);
              },
            };
            const outcome: GuardOutcome = await moveGuard(store, unpinned(), present(n));
            if (outcome.outcome === 'accepted') accepted.push({ n, at: outcome.dependency.sequence });
          };
          const all = Promise.all(numbers.map(verifier));
          await scheduler.waitFor(all);
          for (let index = 1; index < leader.history.length; index++) {
            expect(leader.history[index]?.accepted.notBeforeMs).toBeGreaterThan(
              leader.history[index - 1]?.accepted.notBeforeMs ?? 0,
            );
          }
          // An acceptance rests on a sequence of the guard; it is the newest certificate up to that sequence.
          for (const { n, at } of accepted) expect(at === 0 ? 0 : leader.history[at - 1]?.accepted.notBeforeMs).toBe(n);
        },
      ),
      { numRuns: 300 },
    );
  });
});
