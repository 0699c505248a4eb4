// cspell:ignore conct cotains cuont
import { describe, expect, it } from '@jest/globals';
import { clip } from './clip.js';
import { nearestOf } from './nearest-word.js';

describe('what a message says of a text', () => {
  it('is all of it up to its length, and its start with an ellipsis beyond', () => {
    expect(clip('a'.repeat(80))).toBe('a'.repeat(80));
    expect(clip('a'.repeat(81))).toBe(`${'a'.repeat(80)}…`);
    expect(clip('abc', 2)).toBe('ab…');
  });
});

describe('the word that was meant', () => {
  const known = ['concat', 'contains', 'count'];

  it.each([
    ['conct', 'concat'],
    ['CONCAT', 'concat'],
    ['cotains', 'contains'],
    ['cuont', 'count'],
  ])('%s is taken for %s', (word, meant) => {
    expect(nearestOf(word, known)).toBe(meant);
  });

  it('is none where every one is too far away, by the length of the word', () => {
    expect(nearestOf('substring', known)).toBeUndefined();
    expect(nearestOf('abc', ['xyz'])).toBeUndefined();
    expect(nearestOf('ab', ['cd'])).toBe('cd');
    expect(nearestOf('x', [])).toBeUndefined();
  });
});
