import { describe, expect, it } from '@jest/globals';
import { TurnQueue } from './turn-queue.js';

/** Hands out every turn, each taking as long as its owner's do. @returns the owners in their order */
function run(queue: TurnQueue<number>, msOf: Readonly<Record<string, number>>, turns: number): string[] {
  const order: string[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const next = queue.next(2, () => true);
    if (!next) break;
    order.push(next.owner);
    queue.over(next.owner, msOf[next.owner] ?? 1);
  }
  return order;
}

describe('turns', () => {
  it('of one owner are had in the order they came, but those of a message that has begun first', () => {
    const queue = new TurnQueue<number>();
    queue.add('a', 1);
    queue.add('a', 2);
    queue.add('a', 3, true);
    expect([1, 2, 3].map(() => queue.next(2, () => true)?.turn)).toEqual([3, 1, 2]);
    expect(queue.next(2, () => true)).toBeUndefined();
  });

  it('are shared out by time, not by number', () => {
    const queue = new TurnQueue<number>();
    for (let n = 0; n < 1_000; n++) {
      queue.add('long', n);
      queue.add('short', n);
    }
    const order = run(queue, { long: 10, short: 1 }, 110);
    const long = order.filter((owner) => owner === 'long').length;
    expect(long).toBeGreaterThan(8);
    expect(long).toBeLessThan(12);
  });

  it('are equal for four owners of whom one has twenty times as many', () => {
    const queue = new TurnQueue<number>();
    for (let n = 0; n < 2_000; n++) queue.add('many', n);
    for (const owner of ['a', 'b', 'c']) for (let n = 0; n < 100; n++) queue.add(owner, n);
    const order = run(queue, {}, 400);
    for (const owner of ['many', 'a', 'b', 'c']) {
      const had = order.filter((one) => one === owner).length;
      expect(Math.abs(had - 100)).toBeLessThanOrEqual(10);
    }
  });

  it('of who comes anew are not put before those of all others for as long as these have been served', () => {
    const queue = new TurnQueue<number>();
    for (let n = 0; n < 1_000; n++) queue.add('old', n);
    run(queue, {}, 500);
    for (let n = 0; n < 500; n++) queue.add('new', n);
    const order = run(queue, {}, 100);
    expect(order.filter((owner) => owner === 'old').length).toBeGreaterThan(45);
  });

  it('of an owner that has one are not had on the last idle worker', () => {
    const queue = new TurnQueue<number>();
    queue.add('a', 1);
    queue.add('a', 2);
    expect(queue.next(2, () => true)?.turn).toBe(1);
    expect(queue.next(1, () => true)).toBeUndefined();
    queue.add('b', 3);
    expect(queue.next(1, () => true)?.turn).toBe(3);
    queue.over('a', 1);
    expect(queue.next(1, () => true)?.turn).toBe(2);
  });

  it('that cannot be had now are left for later', () => {
    const queue = new TurnQueue<number>();
    queue.add('a', 1);
    queue.add('b', 2);
    expect(queue.next(2, (turn) => turn === 2)?.turn).toBe(2);
    queue.remove((turn) => turn === 1);
    expect(queue.waiting).toBe(0);
  });
});
