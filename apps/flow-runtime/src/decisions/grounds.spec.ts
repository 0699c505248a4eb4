import { describe, expect, it } from '@jest/globals';
import { allStand, Grounds } from './grounds.js';

const on = (key: string, sequence: number) => [{ key, sequence }];

describe('grounds', () => {
  it('stand until a later change of their record, whoever holds them', () => {
    const grounds = new Grounds();
    const [first, second] = [grounds.hold(on('role.A', 3)), grounds.hold(on('role.A', 3))];
    if (!first || !second) throw new Error('they were not taken hold of');
    const { changes } = grounds;
    grounds.changed('role.A', 3);
    grounds.changed('role.B', 9);
    expect([allStand(first), grounds.changes]).toEqual([true, changes]);
    grounds.changed('role.A', 4);
    expect([allStand(first), allStand(second), grounds.changes]).toEqual([false, false, changes + 1]);
    expect(grounds.size).toBe(0);
  });

  it('stand together: one that fell is enough', () => {
    const grounds = new Grounds();
    const both = grounds.hold([...on('role.A', 1), ...on('role.B', 1)]);
    grounds.changed('role.B', 2);
    expect(both && allStand(both)).toBe(false);
  });

  it('fall when an answer rests on a newer record, and count as a change', () => {
    const grounds = new Grounds();
    const old = grounds.hold(on('role.A', 1));
    const { changes } = grounds;
    const newer = grounds.hold(on('role.A', 2));
    expect([old && allStand(old), newer && allStand(newer)]).toEqual([false, true]);
    expect(grounds.changes).toBe(changes + 1);
  });

  it('are not given to an answer that rests on an older record, and its other records are not held then', () => {
    const grounds = new Grounds();
    grounds.hold(on('role.A', 2));
    expect(grounds.hold([...on('role.B', 1), ...on('role.A', 1)])).toBeUndefined();
    expect(grounds.size).toBe(1);
  });

  it('are not given when any one of the records is older', () => {
    const grounds = new Grounds();
    grounds.hold([...on('role.A', 2), ...on('role.B', 2)]);
    expect(grounds.hold([...on('role.A', 2), ...on('role.B', 1)])).toBeUndefined();
  });

  it('may rest on a record that was never written, which has the sequence 0', () => {
    const grounds = new Grounds();
    const absent = grounds.hold(on('unpinned.n', 0));
    expect(absent && allStand(absent)).toBe(true);
    grounds.changed('unpinned.n', 1);
    expect(absent && allStand(absent)).toBe(false);
  });

  it('are forgotten when the last holder lets go, and not before', () => {
    const grounds = new Grounds();
    const [first, second] = [grounds.hold(on('role.A', 1)), grounds.hold(on('role.A', 1))];
    if (!first || !second) throw new Error('they were not taken hold of');
    grounds.release(first);
    expect(grounds.size).toBe(1);
    grounds.changed('role.A', 2);
    expect(allStand(second)).toBe(false);
    const [again] = [grounds.hold(on('role.A', 2))];
    // What fell is let go of later: the newer ground of the same record stays.
    grounds.release(second);
    expect(grounds.size).toBe(1);
    grounds.release(again ?? []);
    expect(grounds.size).toBe(0);
  });

  it('are all void when everything is forgotten, which the count of changes tells', () => {
    const grounds = new Grounds();
    grounds.hold(on('role.A', 1));
    const { changes } = grounds;
    grounds.clear();
    expect([grounds.size, grounds.changes]).toEqual([0, changes + 1]);
  });
});
