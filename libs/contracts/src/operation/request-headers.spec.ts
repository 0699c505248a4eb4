import { describe, expect, it } from '@jest/globals';
import { SluiceError } from '@sluice/domain';
import { headerMembers, readRequestHeaders } from './request-headers.js';

const change = { method: 'PATCH', headers: headerMembers };
const read = (given: Record<string, string | string[]>) => readRequestHeaders(change, given);

function violations(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    if (error instanceof SluiceError) return error.details?.['violations'];
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('If-Match', () => {
  it.each([
    ['"17"', ['17']],
    ['"a", "b"', ['a', 'b']],
    [' , "a",, "b" ,', ['a', 'b']],
    ['""', ['']],
    ['*', '*'],
    // A weak tag matches nothing by strong comparison.
    ['W/"a", "b"', ['b']],
    ['W/"a"', []],
  ])('%s is read as %j', (text, tags) => {
    expect(read({ 'if-match': text })).toEqual({ ifMatch: tags });
  });

  it.each(['17', '"a', '"a" "b"', '"a b"', '*, "a"', '', 'w/"a"'])('%j is refused', (text) => {
    expect(violations(() => read({ 'if-match': text }))).toMatchObject([{ field: 'If-Match' }]);
  });
});

describe('If-None-Match', () => {
  it('is * and nothing else', () => {
    expect(read({ 'if-none-match': ' * ' })).toEqual({ ifNoneMatch: '*' });
    expect(violations(() => read({ 'if-none-match': '"a"' }))).toMatchObject([{ field: 'If-None-Match' }]);
  });
});

describe('Idempotency-Key', () => {
  it('is 1 to 255 visible characters, given once', () => {
    const longest = '~'.repeat(255);
    expect(read({ 'idempotency-key': longest })).toEqual({ idempotencyKey: longest });
    for (const key of ['', `${longest}~`, 'a b', 'é', 'a\n'])
      expect(violations(() => read({ 'idempotency-key': key }))).toMatchObject([{ field: 'Idempotency-Key' }]);
  });
});

describe('the headers of a call', () => {
  it('are nothing where none was given', () => {
    expect(read({})).toEqual({});
  });

  it('are refused all together when several are wrong', () => {
    expect(violations(() => read({ 'if-match': 'x', 'idempotency-key': '' }))).toMatchObject([
      { field: 'If-Match' },
      { field: 'Idempotency-Key' },
    ]);
  });

  it('that the call does not take are refused, for they would have kept something from being changed', () => {
    const call = { method: 'POST', headers: ['idempotencyKey'] as const };
    expect(violations(() => readRequestHeaders(call, { 'if-match': '"1"' }))).toEqual([
      { field: 'If-Match', message: 'is not taken by this call' },
    ]);
  });

  it('that a GET does not take are ignored, right or wrong', () => {
    const call = { method: 'GET', headers: [] };
    expect(readRequestHeaders(call, { 'if-match': 'x', 'if-none-match': '"a"' })).toEqual({});
  });
});
