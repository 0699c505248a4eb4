import { describe, expect, it } from '@jest/globals';
import { flowIdViolation } from './flow/flow-id.js';
import { roleNameViolation } from './role/user-role.js';

describe('names that callers choose', () => {
  it.each(['a', '0', 'Order_v2-eu', 'x'.repeat(128)])('of a flow may be %s', (id) => {
    expect(flowIdViolation(id)).toBeUndefined();
  });

  it.each([undefined, 1, '', '-a', '_a', 'a.b', 'a/b', 'a b', 'x'.repeat(129), 'a\n'])(
    'of a flow may not be %j',
    (id) => {
      expect(flowIdViolation(id)?.field).toBe('id');
    },
  );

  it.each(['ESBMessaging.send', 'A', '_', 'x'.repeat(255)])('of a role may be %s', (name) => {
    expect(roleNameViolation(name, 'name')).toBeUndefined();
  });

  it.each([undefined, 1, '', 'a-b', 'a b', 'é', 'x'.repeat(256), 'a\n'])('of a role may not be %j', (name) => {
    expect(roleNameViolation(name, 'roles[1]')).toMatchObject({ field: 'roles[1]' });
  });
});
