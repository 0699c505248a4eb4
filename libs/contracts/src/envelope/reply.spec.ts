import { describe, expect, it } from '@jest/globals';
import { errorCodes, SluiceError } from '@sluice/domain';
import { errorEnvelope, fromErrorEnvelope, toErrorEnvelope } from './reply.js';

describe('an error on the bus', () => {
  it.each(errorCodes)('is the same on the other side: %s', (code) => {
    const sent = toErrorEnvelope(new SluiceError(code, 'what to do', { limit: 5 }));
    const received = fromErrorEnvelope(errorEnvelope.parse(JSON.parse(JSON.stringify(sent))), 'authorization');
    expect(received).toMatchObject({ code, message: 'what to do', details: { limit: 5 } });
  });

  it('has no details where there are none', () => {
    expect(toErrorEnvelope(new SluiceError('not-found', 'none'))).toEqual({ code: 'not-found', message: 'none' });
  });

  it.each([new TypeError('the secret is hunter2'), 'hunter2', undefined])(
    'that is none of ours says nothing of its text',
    (fault) => {
      const envelope = toErrorEnvelope(fault);
      expect(envelope.code).toBe('internal');
      expect(JSON.stringify(envelope)).not.toContain('hunter2');
    },
  );

  it('of a newer version is internal here, and names who answered and what', () => {
    const error = fromErrorEnvelope({ code: 'quota-exceeded', message: 'too much' }, 'flow-runtime');
    expect(error.code).toBe('internal');
    expect(error.message).toBe('flow-runtime answered with the unknown error "quota-exceeded": too much');
  });
});
