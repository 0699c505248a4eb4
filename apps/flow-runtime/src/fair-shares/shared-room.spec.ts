import { describe, expect, it } from '@jest/globals';
import { SharedRoom } from './shared-room.js';

/** Waits for room. @returns whether it came */
function waits(room: SharedRoom, owner: string, amount: number, has = 0) {
  const state = { in: false };
  const waiting = room.wait(owner, amount, has, (entered) => (state.in = entered));
  return { state, cancel: () => waiting && room.cancel(owner, waiting) };
}

describe('a room that is shared', () => {
  it('is not taken past somebody who waits and would have less', () => {
    const room = new SharedRoom(100);
    expect(room.take('a', 60)).toBe(true);
    const { state } = waits(room, 'b', 50);
    expect([room.take('a', 5), room.take('c', 40)]).toEqual([false, true]);
    expect(room.take('d', 1)).toBe(false);
    room.leave('c', 40);
    // It wants less than who waits.
    expect(room.take('d', 10)).toBe(true);
    room.leave('a', 60);
    expect(state.in).toBe(true);
  });

  it('gives more to what is begun before anything is begun', () => {
    const room = new SharedRoom(100);
    expect([room.take('a', 60), room.take('b', 35)]).toEqual([true, true]);
    const fresh = waits(room, 'c', 10);
    const begun = waits(room, 'b', 10, 35);
    room.leave('a', 5);
    expect([begun.state.in, fresh.state.in]).toEqual([true, false]);
  });

  it('is shared out anew when the one that others waited behind waits no longer', () => {
    const room = new SharedRoom(100);
    expect([room.take('a', 60), room.take('b', 20)]).toEqual([true, true]);
    const large = waits(room, 'c', 30);
    const behind = waits(room, 'b', 15);
    expect(behind.state.in).toBe(false);
    large.cancel();
    expect([large.state.in, behind.state.in]).toEqual([false, true]);
  });
});
