import { describe, expect, it } from '@jest/globals';
import { hasReached } from './position.js';

describe('a position', () => {
  it.each([
    [5, true],
    [6, true],
    [4, false],
  ])('5 is reached by %i of the same epoch: %s', (sequence, reached) => {
    expect(hasReached({ epoch: 'e', sequence }, { epoch: 'e', sequence: 5 })).toBe(reached);
  });

  it('is reached by none of another epoch, however high', () => {
    expect(hasReached({ epoch: 'f', sequence: 9 }, { epoch: 'e', sequence: 5 })).toBe(false);
  });
});
