import { describe, expect, it } from '@jest/globals';
import { SluiceError } from '@sluice/domain';
import { deepestNesting, jsonBodyReader } from './read-json-body.js';

const read = (body: string | Buffer): unknown => {
  let outcome: unknown = 'nothing';
  jsonBodyReader((_request, text, done) => done(null, JSON.parse(text)))(
    undefined,
    Buffer.from(body),
    (error, value) => {
      outcome = error ?? value;
    },
  );
  return outcome;
};
const nested = (levels: number, inside = '') => '['.repeat(levels) + inside + ']'.repeat(levels);

describe('a JSON body', () => {
  it('is none when it is empty, whatever the content type says', () => expect(read('')).toBeUndefined());

  it('is read when it is UTF-8', () => expect(read('{"a":"Grün"}')).toEqual({ a: 'Grün' }));

  it.each([
    ['Latin-1', Buffer.from('{"a":"Gr\xfcn"}', 'latin1')],
    ['UTF-16', Buffer.from('{"a":1}\uFEFF', 'utf16le')],
    ['half of a surrogate pair', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ])('is refused when it is %s', (_what, body) => {
    expect(read(body)).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('UTF-8') as unknown,
    });
  });

  it('is refused when it is nested so deeply that writing it again would fail', () => {
    expect(read(nested(deepestNesting))).toBeInstanceOf(Array);
    expect(read(nested(deepestNesting + 1))).toBeInstanceOf(SluiceError);
    expect(read(nested(200_000))).toBeInstanceOf(SluiceError);
    expect(read(nested(1, JSON.stringify(`"\\${nested(500)}`)))).toBeInstanceOf(Array);
  });
});
