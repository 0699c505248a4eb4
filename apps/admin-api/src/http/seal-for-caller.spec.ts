import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { openForCaller, sealForCaller } from './seal-for-caller.js';

const call = { callerSecret: 'slu_anna', idempotencyKey: 'one', operation: 'createAdminToken' };
const secret = 'slu_made';

describe('attack 54: what is shown once and kept sealed for who asked', () => {
  it('is opened by the same call', () => {
    const sealed = sealForCaller(secret, call);
    expect(openForCaller(sealed, { ...call, callerSecret: 'slu_anna' })).toBe(secret);
    expect(Buffer.from(sealed, 'base64').includes(secret)).toBe(false);
    expect(sealForCaller(secret, call)).not.toBe(sealed);
  });

  it.each([
    ['another token', { callerSecret: 'slu_bert' }],
    [
      'the hash of the token, which is in the database',
      { callerSecret: `${createHash('sha256').update('slu_anna').digest('hex')}` },
    ],
    ['another key', { idempotencyKey: 'two' }],
    ['another call', { operation: 'createSubscriber' }],
  ])('is not opened by %s', (_what, other) => {
    const sealed = sealForCaller(secret, call);
    expect(() => openForCaller(sealed, { ...call, ...other })).toThrow(
      expect.objectContaining({ code: 'idempotency-key-reused' }),
    );
  });

  it('is not opened once a bit of it was changed', () => {
    const bytes = Buffer.from(sealForCaller(secret, call), 'base64');
    for (const at of [0, 13, 29]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => openForCaller(changed.toString('base64'), call)).toThrow(/another token/);
    }
  });
});
