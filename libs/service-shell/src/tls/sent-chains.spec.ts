import { describe, expect, it } from '@jest/globals';
import { SentChains } from './sent-chains.js';

const bytes = (length: number, fill = 1) => new Uint8Array(length).fill(fill);

describe('the chains that senders sent', () => {
  it('are there for the next connection, the newest of each sender', () => {
    const chains = new SentChains(() => 0);
    chains.remember('a', [bytes(3)]);
    chains.remember('a', [bytes(4)]);
    expect(chains.of('a')).toEqual([bytes(4)]);
    expect(chains.of('b')).toBeUndefined();
  });

  it('are fresh for a minute, and then read again', () => {
    let now = 0;
    const chains = new SentChains(() => now);
    expect(chains.isFresh('a')).toBe(false);
    chains.remember('a', [bytes(3)]);
    now = 59_999;
    expect(chains.isFresh('a')).toBe(true);
    now = 60_000;
    expect(chains.isFresh('a')).toBe(false);
    chains.remember('a', [bytes(3)]);
    expect(chains.isFresh('a')).toBe(true);
  });

  it('are held once however many connections send the same', () => {
    const chains = new SentChains(() => 0);
    const first = chains.remember('a', [bytes(3), bytes(5)]);
    expect(chains.remember('a', [bytes(3), bytes(5)])).toBe(first);
    expect(chains.remember('a', [bytes(3), bytes(5, 2)])).not.toBe(first);
  });

  it('take no more than their room, and the one used longest ago goes first', () => {
    const chains = new SentChains(() => 0, 3_000);
    for (const name of ['a', 'b', 'c']) chains.remember(name, [bytes(700)]);
    chains.of('a');
    chains.remember('d', [bytes(700)]);
    expect(['a', 'b', 'c', 'd'].map((name) => chains.of(name) !== undefined)).toEqual([true, false, true, true]);
    for (const name of ['a', 'b', 'c']) chains.remember(name, [bytes(700)]);
    expect(chains.size).toBe(3);
  });

  it('are not kept when one alone has no room, and it takes that of no other', () => {
    const chains = new SentChains(() => 0, 3_000);
    for (const name of ['a', 'b']) chains.remember(name, [bytes(700)]);
    expect(chains.remember('b', [bytes(10_000)])).toEqual([bytes(10_000)]);
    expect([chains.of('a'), chains.of('b')]).toEqual([[bytes(700)], undefined]);
  });
});
