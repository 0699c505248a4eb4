import { describe, expect, it } from '@jest/globals';
import { requirePrecondition, type Precondition } from './precondition.js';

describe('a precondition', () => {
  it.each<[string, Precondition, string | undefined]>([
    ['nothing asked of what is there', {}, '7'],
    ['nothing asked of what is not there', {}, undefined],
    ['the tag that it has', { ifMatch: ['7'] }, '7'],
    ['one of several tags', { ifMatch: ['6', '7'] }, '7'],
    ['that it is there', { ifMatch: '*' }, '7'],
    ['that it is not there', { ifNoneMatch: '*' }, undefined],
  ])('holds: %s', (_what, given, tag) => {
    expect(() => requirePrecondition(given, tag)).not.toThrow();
  });

  it.each<[string, Precondition, string | undefined]>([
    ['another tag', { ifMatch: ['8'] }, '7'],
    ['a tag that begins the same', { ifMatch: ['77'] }, '7'],
    ['no tag that could match', { ifMatch: [] }, '7'],
    ['a tag of what is not there', { ifMatch: ['7'] }, undefined],
    ['that it is there, which it is not', { ifMatch: '*' }, undefined],
    ['that it is not there, which it is', { ifNoneMatch: '*' }, '7'],
    ['both', { ifMatch: ['7'], ifNoneMatch: '*' }, '7'],
  ])('fails: %s', (_what, given, tag) => {
    expect(() => requirePrecondition(given, tag)).toThrow(expect.objectContaining({ code: 'precondition-failed' }));
  });
});
