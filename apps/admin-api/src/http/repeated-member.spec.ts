import { describe, expect, it } from '@jest/globals';
import { repeatedMember } from './repeated-member.js';

describe('a member that is there twice', () => {
  it.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"a":1,\n "b":{"c":[1,{"d":0,"d" \t:1}]}}', 'b.c.1.d'],
    ['[[],[{"x":{},"y":[],"x":0}]]', '1.0.x'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"\\"":1,"\\u0022":2}', '"'],
    ['{"__a":"\\\\","__a":1}', '__a'],
    ['{"":1,"":2}', ''],
  ])('is named by its path: %s', (text, path) => {
    expect(JSON.parse(text)).toBeDefined();
    expect(repeatedMember(text)).toBe(path);
  });

  it.each([
    '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}',
    '{"a":"a","b":["a","a"]}',
    '{"a":"{\\"b\\":1,\\"b\\":2}"}',
    '{"a":1,"A":2,"a ":3}',
    '["\\\\","\\"",":",{"a":":"}]',
    '"a"',
    '17',
    '{}',
  ])('is not seen where there is none: %s', (text) => {
    expect(JSON.parse(text)).toBeDefined();
    expect(repeatedMember(text)).toBeUndefined();
  });

  /** A repeatable order of numbers below one. */
  function numbers(seed: number): () => number {
    let state = seed;
    return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  }

  it('is seen exactly where writing what was parsed gives fewer members than the text has', () => {
    const next = numbers(7);
    const pick = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T;
    const space = () => pick(['', ' ', '\n', '\t']);
    // No name is a backslash alone: V8 of Node.js 24.21 may take "\\u0061" for it when it has seen such an object before.
    const text = () => pick(['"a"', '"b"', '"\\u0061"', '"\\\\c"', '"{\\"a\\":1"', '":"', '"c,"']);
    let members = 0;
    const value = (depth: number): string => {
      const kind = depth > 4 ? 0 : Math.floor(next() * 4);
      const some = Array.from({ length: Math.floor(next() * 3) });
      if (kind === 2) return `[${some.map(() => value(depth + 1)).join(`${space()},`)}]`;
      if (kind < 2) return pick([text(), 'null', '-1.5e3', 'true']);
      members += some.length;
      return `{${some.map(() => `${space()}${text()}${space()}:${space()}${value(depth + 1)}`).join(',')}}`;
    };
    const count = (parsed: unknown): number =>
      typeof parsed !== 'object' || parsed === null
        ? 0
        : Object.values(parsed).reduce<number>(
            (sum, inner) => sum + count(inner),
            Array.isArray(parsed) ? 0 : Object.keys(parsed).length,
          );
    let [repeated, single] = [0, 0];
    for (let round = 0; round < 6_000; round++) {
      members = 0;
      const written = value(0);
      const isRepeated = count(JSON.parse(written)) < members;
      expect([written, members, repeatedMember(written) !== undefined]).toEqual([written, members, isRepeated]);
      if (isRepeated) repeated++;
      else single++;
    }
    expect(Math.min(repeated, single)).toBeGreaterThan(100);
  });
});
