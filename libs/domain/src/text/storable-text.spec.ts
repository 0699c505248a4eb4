import { describe, expect, it } from '@jest/globals';
import { findUnstorableText, toStorableText, unstorableTextFault } from './storable-text.js';

describe('a text that cannot be stored', () => {
  it.each(['\0', 'a\0b', '\ud800', 'a\udfffb', '\udc00\ud800'])('is found: %j', (text) => {
    expect(unstorableTextFault(text)).toMatch(/NUL|surrogate/);
    expect(unstorableTextFault(toStorableText(text))).toBeUndefined();
  });

  it.each(['', 'Grün', '\u{1F600}', '\u0001\n\t', '\ufffd'])('is not one like %j', (text) => {
    expect(unstorableTextFault(text)).toBeUndefined();
    expect(toStorableText(text)).toBe(text);
  });

  it('is found wherever it stands, with its path', () => {
    const body = { a: ['x', 'y\0'], b: { c: '\ud800', 'd\0': 1 }, e: 5, f: null };
    expect(
      findUnstorableText(body)
        .map(({ field }) => field)
        .sort(),
    ).toEqual(['a[1]', 'b', 'b.c']);
    expect(findUnstorableText('\0').map(({ field }) => field)).toEqual(['body']);
  });

  it('is found however deep it stands', () => {
    let nested: unknown = '\0';
    for (let depth = 0; depth < 20_000; depth++) nested = [nested];
    expect(findUnstorableText(nested)).toHaveLength(1);
  });
});
