import { describe, expect, it } from '@jest/globals';
import { changedBy, membersOfChange, operationOf } from './audit-words.js';

describe('an entry of the audit trail', () => {
  it('is called by its operation, and what no request asked for was done by the service itself', () => {
    expect(operationOf('sluice.authorization.create-user-role.v1')).toBe('create-user-role');
    expect(operationOf('something else')).toBe('something else');
    expect(operationOf(null)).toBe('by itself');
  });

  it('names what was changed, deleted rows too, and counts the rest', () => {
    const role = { table: 'user_role', before: { name: 'Orders.send' }, after: null };
    expect(changedBy([role])).toBe('user_role Orders.send');
    expect(changedBy([role, role, role])).toBe('user_role Orders.send and 2 more');
    expect(changedBy([{ table: 'trusted_root', before: null, after: { sha256: 'a'.repeat(64) } }])).toBe(
      `trusted_root ${'a'.repeat(12)}…`,
    );
    expect(changedBy(undefined)).toBe('–');
  });

  it('shows each member before and after; one that was not there is told from one that is null', () => {
    const change = { table: 't', before: { a: 1, b: null }, after: { a: 1, b: 'x', c: null } };
    expect(membersOfChange(change)).toEqual([
      { name: 'a', before: '1', after: '1' },
      { name: 'b', before: 'null', after: 'x' },
      { name: 'c', before: undefined, after: 'null' },
    ]);
  });
});
