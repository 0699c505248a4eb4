import { describe, expect, it } from '@jest/globals';
import { BodyMemory } from './body-memory.js';

const MB = 1_048_576;

describe('memory for bodies', () => {
  it('is used again by a body of nearly the same size, and by no other while it is lent', () => {
    const memory = new BodyMemory();
    const first = memory.lend(3 * MB - 5);
    const second = memory.lend(3 * MB);
    expect([first.length, second.length]).toEqual([3 * MB - 5, 3 * MB]);
    expect(second.buffer).not.toBe(first.buffer);
    // By any part of it.
    memory.giveBack(first.subarray(100, 200));
    expect(memory.keptBytes).toBe(3 * MB);
    expect(memory.lend(3 * MB - 100).buffer).toBe(first.buffer);
    expect(memory.keptBytes).toBe(0);
  });

  it('is not taken for a body of less than half its size, nor for a larger one', () => {
    const memory = new BodyMemory();
    const lent = memory.lend(8 * MB);
    memory.giveBack(lent);
    for (const bytes of [4 * MB - 1, 8 * MB + 1]) expect(memory.lend(bytes).buffer).not.toBe(lent.buffer);
    expect(memory.lend(4 * MB + 1).buffer).toBe(lent.buffer);
  });

  it('is given back once: neither twice, nor when it was not lent', () => {
    const memory = new BodyMemory();
    const lent = memory.lend(MB);
    for (const part of [lent, lent, new Uint8Array(MB), Buffer.from('a small one')]) memory.giveBack(part);
    expect(memory.keptBytes).toBe(MB);
  });

  it('that nobody wants goes back to the system, at once when there is enough of it', () => {
    const memory = new BodyMemory();
    const lent = memory.lend(MB);
    memory.giveBack(lent);
    memory.tidy();
    expect([memory.keptBytes, lent.buffer.byteLength]).toEqual([MB, MB]);
    memory.tidy();
    expect([memory.keptBytes, lent.buffer.byteLength]).toEqual([0, 0]);
    const [large, larger] = [memory.lend(70 * MB), memory.lend(80 * MB)];
    memory.giveBack(large);
    memory.giveBack(larger);
    expect([memory.keptBytes, larger.buffer.byteLength]).toEqual([70 * MB, 0]);
  });

  it('that is used between two looks is kept', () => {
    const memory = new BodyMemory();
    memory.giveBack(memory.lend(MB));
    for (let look = 0; look < 5; look++) {
      memory.tidy();
      memory.giveBack(memory.lend(MB));
    }
    expect(memory.keptBytes).toBe(MB);
  });
});
