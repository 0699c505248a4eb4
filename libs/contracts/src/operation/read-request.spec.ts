import { describe, expect, it } from '@jest/globals';
import type { SluiceError } from '@sluice/domain';
import { z } from 'zod';
import { readBody, readParameters } from './read-request.js';
import { members, wholeNumber, yesOrNo } from './violations.js';

const query = members({
  limit: wholeNumber(1, 10).default(5),
  force: yesOrNo.default(false),
  name: z.string().optional(),
});
const broken = (read: () => unknown): unknown => {
  try {
    return read();
  } catch (error) {
    return ((error as SluiceError).details?.['violations'] as { field: string; message: string }[]).map(
      ({ field, message }) => `${field} ${message}`,
    );
  }
};

describe('the parameters of a call', () => {
  it('become numbers and truth values where the operation has them, and have its defaults', () => {
    expect(readParameters(query, {})).toEqual({ limit: 5, force: false });
    expect(readParameters(query, { limit: '7', force: 'true', name: '7' })).toEqual({
      limit: 7,
      force: true,
      name: '7',
    });
  });

  it.each([
    [{ limit: 'x' }, ['limit must be a whole number from 1 to 10']],
    [{ limit: '11' }, ['limit must be a whole number from 1 to 10']],
    [{ limit: '' }, ['limit must be a whole number from 1 to 10']],
    [{ force: '1' }, ['force must be true or false']],
    [{ name: ['a', 'b'] }, ['name must be given once']],
    [{ name: 'a\0' }, ['name must not hold the character NUL (U+0000, at position 1)']],
    [{ nmae: 'a' }, ['nmae is not known here; known are limit, force, name']],
    [{ constructor: 'a' }, ['constructor is not known here; known are limit, force, name']],
  ])('are refused as %p', (given, violations) => {
    expect(broken(() => readParameters(query, given))).toEqual(violations);
  });
});

describe('the body of a call', () => {
  const body = members({ name: z.string() });

  it.each([[undefined], [null], [7], ['x'], [[]], [Buffer.from('{}')]])('is no object as %p', (given) => {
    expect(broken(() => readBody(body, given))).toEqual([
      'body must be a JSON object (content-type: application/json)',
    ]);
  });

  it('is told fifty of its faults, however many there are', () => {
    const given = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`m${index}`, 1]));
    expect(broken(() => readBody(body, given))).toHaveLength(50);
  });

  it('holds no text that cannot be stored', () => {
    expect(broken(() => readBody(body, { name: 'a\0' }))).toEqual([
      'name must not hold the character NUL (U+0000, at position 1)',
    ]);
  });
});
