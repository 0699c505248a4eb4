import { describe, expect, it } from '@jest/globals';
import { invalidArgument } from './sluice-error.js';

const violation = (field: string) => ({ field, message: 'must be a text' });

describe('a request that breaks rules', () => {
  it('is told the first in the sentence, how many more there are, and all of them in the details', () => {
    const violations = [violation('name'), violation('parameters.roles[0]'), violation('plan')];
    const error = invalidArgument(violations);
    expect(error).toMatchObject({ code: 'invalid-argument', details: { violations } });
    expect(error.message).toBe('name: must be a text (and 2 more)');
  });

  it('is not told of more where there is one', () => {
    expect(invalidArgument([violation('name')]).message).toBe('name: must be a text');
  });

  it('gets a sentence even without a violation', () => {
    expect(invalidArgument([]).message).toBe('The request is invalid.');
  });
});
