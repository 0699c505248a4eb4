import { describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { FetchedRecords } from './fetched-records.js';

const value = new Uint8Array([1]);

/** A leader whose answers come when they are given. */
function open(capacity = 1_000) {
  const asked: ((sequence: number) => void)[] = [];
  const read: string[] = [];
  const records = new FetchedRecords({
    capacity,
    last: () => new Promise((resolve) => asked.push((sequence) => resolve({ sequence, value }))),
    read: (key, sequence) => {
      read.push(key);
      return { key, sequence, record: undefined };
    },
    now: () => 0,
  });
  return { asked, read, records };
}

describe('records that are fetched', () => {
  it('are asked for once by all who want them at the same time', async () => {
    const { asked, records } = open();
    const [one, other] = [records.fetch('instance.i', 'instance'), records.fetch('instance.i', 'instance')];
    expect(asked).toHaveLength(1);
    asked[0]?.(5);
    expect([await one, await other].map(({ sequence }) => sequence)).toEqual([5, 5]);
    expect(records.fetch('instance.i', 'instance')).toMatchObject({ sequence: 5 });
  });

  it('are remembered up to the capacity, and what was used longest ago goes first', async () => {
    const { asked, records } = open(3);
    const fetch = async (key: string) => {
      const before = asked.length;
      const answer = records.fetch(key, 'instance');
      asked[before]?.(1);
      await answer;
      return asked.length > before ? 'asked' : 'known';
    };
    for (const key of ['a', 'b', 'c']) await fetch(key);
    expect(await fetch('a')).toBe('known');
    await fetch('d');
    expect(await Promise.all(['a', 'c', 'd'].map(fetch))).toEqual(['known', 'known', 'known']);
    expect(await fetch('b')).toBe('asked');
  });

  it('are asked for each time without a capacity, and no change is kept', async () => {
    const { asked, records } = open(0);
    for (const sequence of [5, 6]) {
      const answer = records.fetch('instance.i', 'instance');
      asked.at(-1)?.(sequence);
      expect(await answer).toMatchObject({ sequence });
    }
    records.changed('instance.i', 'instance', 7, value);
    void records.fetch('instance.i', 'instance');
    expect(asked).toHaveLength(3);
  });

  it('of another bucket are not those that were asked for before, however late the answer comes', async () => {
    const { asked, records } = open();
    const before = records.fetch('instance.i', 'instance');
    records.clear();
    const after = records.fetch('instance.i', 'instance');
    expect(asked).toHaveLength(2);
    asked[0]?.(900);
    await before;
    // The late answer leaves the question that is out where it is.
    records.changed('instance.i', 'instance', 3, value);
    asked[1]?.(2);
    expect(await after).toMatchObject({ sequence: 3 });
    expect(records.fetch('instance.i', 'instance')).toMatchObject({ sequence: 3 });
  });
});

describe('changes that nobody has asked for', () => {
  it('are read ahead as they come, a hundred a second, and the others when they are asked for', async () => {
    const { asked, read, records } = open();
    for (let index = 0; index < 150; index++) records.changed(`instance.${index}`, 'instance', index + 1, value);
    expect(read).toEqual([]);
    await setImmediate();
    expect(read).toHaveLength(100);
    expect(records.fetch('instance.149', 'instance')).toMatchObject({ sequence: 150 });
    expect([read.length, asked.length]).toEqual([101, 0]);
  });
});
