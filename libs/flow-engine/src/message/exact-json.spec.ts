import { describe, expect, it } from '@jest/globals';
import { bodyAfter, flowWith, runNative } from '../testing/flow-fixture.js';
import { Message } from './message.js';
import { ExactJson } from './exact-json.js';

const map = (jsonata: string, body: string) => bodyAfter(`- mapping: {jsonata: ${JSON.stringify(jsonata)}}`, body);
const numbers = [
  '9007199254740993',
  '-9007199254740993',
  '12345678901234567890.123456789012345678',
  '1.10',
  '1.0',
  '100e-2',
  '1E2',
  '-0',
  '0.00000010',
  '1e400',
  '1e-400',
  '-1e400',
  '0.1234567890123456',
];

describe('a number in JSON', () => {
  it.each(numbers)('%s keeps its digits where a mapping copies it', async (number) => {
    const body = `{"id":${number},"list":[{"n":${number}},{"n":7}],"deep":{"a":[${number}]}}`;
    expect(await map('{"id": id}', body)).toBe(`{"id":${number}}`);
    expect(await map('$', body)).toBe(body);
    expect(await map('list[0].{"n": n}', body)).toBe(`{"n":${number}}`);
    expect(await map('list', body)).toBe(`[{"n":${number}},{"n":7}]`);
    expect(await map('$ ~> |deep|{"b": 1}|', body)).toBe(body.replace(']}}', '],"b":1}}'));
    expect(await map('$merge([deep, {"id": id}])', body)).toBe(`{"a":[${number}],"id":${number}}`);
    expect(await map('$map(list, function($v) { $v })', body)).toBe(`[{"n":${number}},{"n":7}]`);
  });

  it.each(numbers)('%s keeps its digits when it becomes XML', async (number) => {
    expect(await bodyAfter('- jsonToXml: {rootElement: r}', `{"id":${number}}`)).toContain(`<id>${number}</id>`);
    expect(await bodyAfter('- xmlToJson: {}', `<id>${number}</id>`)).toContain(number);
  });

  it('of a value that the document spells in two ways is spelt as in its place, or by its name, where it is copied', async () => {
    const body = '{"a":{"x":1.10},"b":{"x":1.1},"c":[1.10,1.1,1.100]}';
    expect(await map('$', body)).toBe(body);
    expect(await map('[a, b]', body)).toBe('[{"x":1.10},{"x":1.1}]');
    expect(await map('{"price": p, "p": q}', '{"p":1.10,"q":1.1}')).toBe('{"price":1.1,"p":1.10}');
    expect(await map('{"p": o.p}', '{"o":{"p":1.10},"q":1.1}')).toBe('{"p":1.10}');
  });

  it('that was counted is not spelt like a price of the same value', async () => {
    expect(await map('{"count": $count(list), "price": price}', '{"price":2.00,"list":[{},{}]}')).toBe(
      '{"count":2,"price":2.00}',
    );
  });

  it('can be calculated with where a double holds it', async () => {
    expect(
      await map('{"sum": $sum(items.(price * n)), "more": 1e2 + one}', '{"items":[{"price":1.10,"n":2}],"one":1.0}'),
    ).toBe('{"sum":2.2,"more":101}');
  });

  it('of more digits is never calculated with, unless it is rounded on purpose', async () => {
    const failed = await runNative(
      flowWith('- mapping: {jsonata: "id + 1"}'),
      new Message({ body: '{"id": 9007199254740993}' }),
    );
    expect([failed.error?.code, failed.error?.message]).toEqual([
      'mapping-failed',
      expect.stringMatching(/must evaluate to a number.*\$number\(\$string\(x\)\) rounds one/),
    ]);
    expect(await map('$number($string(id)) + 2', '{"id": 9007199254740993}')).toBe('9007199254740994');
    expect(await map('$string(id) & "x"', '{"id": 9007199254740993}')).toBe('"9007199254740993x"');
    expect(await map('[a = b, a = c]', '{"a": 9007199254740993, "b": 9007199254740992, "c": 9007199254740993}')).toBe(
      '[false,true]',
    );
  });

  it('of an exponent without end takes no time to compare', () => {
    const exponent = '9'.repeat(100_000);
    expect(new ExactJson(`[1e${exponent}]`).inexact).toBe(1);
  });

  it.each([
    ['java.lang.Long', '9007199254740993', '9007199254740993'],
    ['java.math.BigInteger', '123456789012345678901', '123456789012345678901'],
    ['java.math.BigDecimal', '1.10', '1.10'],
    ['java.math.BigDecimal', '1e400', '1e400'],
    ['java.lang.Long', '007', '7'],
    ['java.lang.Double', '1.10', '1.1'],
  ])('of the type %s in a header keeps its digits: %s', async (type, value, expected) => {
    const steps = `- contentModifier: {headers: {n: {constant: "${value}", type: ${type}}}, body: {expression: "\${header.n}"}}`;
    expect(await bodyAfter(steps, 'x')).toBe(expected);
  });
});
