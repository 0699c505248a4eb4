import { describe, expect, it } from '@jest/globals';
import { FlowGate } from './flow-gate.js';

describe('the gate of a flow', () => {
  it('lets so many in, so many wait, and turns one more away', async () => {
    const gate = new FlowGate(2, 1);
    expect([gate.enter(), gate.enter()]).toEqual([true, true]);
    const third = gate.enter();
    expect(third).toBeInstanceOf(Promise);
    expect(gate.enter()).toBe(false);
    gate.leave();
    await third;
    expect(gate.enter()).toBeInstanceOf(Promise);
  });

  it('is first come, first served', async () => {
    const gate = new FlowGate(1, 10);
    expect(gate.enter()).toBe(true);
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (number) => {
      await gate.enter();
      order.push(number);
      gate.leave();
    });
    gate.leave();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
    expect(gate.enter()).toBe(true);
  });

  it('keeps nobody waiting when nobody may', () => {
    const gate = new FlowGate(1, 0);
    expect([gate.enter(), gate.enter()]).toEqual([true, false]);
    gate.leave();
    expect(gate.enter()).toBe(true);
  });
});
