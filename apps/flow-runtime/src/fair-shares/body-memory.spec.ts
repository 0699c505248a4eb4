import { describe, expect, it } from '@jest/globals';
import { BodyMemory } from './body-memory.js';

const MB = 1_048_576;

describe('memory for bodies', () => {
  it('is gone when any part of it is given back, and nobody gets it again', () => {
    const memory = new BodyMemory();
    const first = memory.lend(3 * MB);
    first.fill('a secret of one sender');
    const part = first.subarray(100, 200);
    memory.giveBack(part);
    expect([first.buffer.byteLength, part.length, memory.givenBackBytes]).toEqual([0, 0, 3 * MB]);
    const second = memory.lend(3 * MB);
    expect(second.every((octet) => octet === 0)).toBe(true);
  });

  it('is given back once: neither twice, nor when it was not lent', () => {
    const memory = new BodyMemory();
    const lent = memory.lend(MB);
    const others = [new Uint8Array(MB), Buffer.from('a small one'), memory.lend(100)];
    for (const each of [lent, lent, ...others]) memory.giveBack(each);
    expect(memory.givenBackBytes).toBe(MB);
    expect(others.map(({ length }) => length)).toEqual([MB, 11, 100]);
  });
});
