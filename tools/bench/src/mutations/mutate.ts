/** Pieces that mean something to one of the parsers. */
const pieces = [
  '<',
  '>',
  '</',
  '&',
  '&#0;',
  '&a;',
  '"',
  "'",
  '{',
  '}',
  '[',
  ']',
  ',',
  ';',
  ':',
  '- ',
  '\n',
  '\r\n',
  '\t',
  '${',
  '${body}',
  '{{x}}',
  '<!DOCTYPE r [<!ENTITY a "&b;&b;"><!ENTITY b "bbbbbbbbbb">]>',
  '<![CDATA[',
  ']]>',
  'xmlns=""',
  '*a',
  '&a ',
  '<<: ',
  '!!js',
  'null',
  '1e999',
  '-0',
  '99999999999999999999',
  '__proto__',
  '../',
  '(a+)+$',
  '//*[//*]',
  '1 to 1000000000',
].map((text) => Buffer.from(text));
/** Octets that no encoding of text has, or that stand alone in none. */
const octets = [
  Buffer.of(0),
  Buffer.of(0xff),
  Buffer.of(0xed, 0xa0, 0x80),
  Buffer.of(0xef, 0xbb, 0xbf),
  Buffer.of(0xc3),
];

/** No mutant is larger. */
const maxBytes = 2 * 1_048_576;

/** mulberry32: the same numbers for the same seed. @returns from 0 on, below 1 */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** @returns what came with one to six changes: octets changed, cut out, put in or repeated many times, its end cut off */
export function mutated(original: Buffer, random: () => number): Buffer {
  const below = (limit: number) => Math.floor(random() * limit);
  const oneOf = <T>(values: readonly T[]) => values[below(values.length)] as T;
  let bytes = original;
  for (let changes = 1 + below(6); changes > 0; changes--) {
    const at = below(bytes.length + 1);
    const length = 1 + below(random() < 0.8 ? 40 : bytes.length + 1);
    switch (below(7)) {
      case 0: {
        bytes = Buffer.from(bytes);
        if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << below(8));
        break;
      }
      case 1:
        bytes = spliced(bytes, at, length, Buffer.alloc(0));
        break;
      case 2:
        bytes = spliced(bytes, at, 0, oneOf(random() < 0.8 ? pieces : octets));
        break;
      case 3:
        bytes = spliced(bytes, at, length, oneOf(pieces));
        break;
      case 4:
        bytes = spliced(bytes, at, 0, repeated(oneOf(pieces), 1 + below(random() < 0.9 ? 100 : 50_000)));
        break;
      case 5:
        bytes = spliced(
          bytes,
          at,
          0,
          repeated(bytes.subarray(at, at + length), 1 + below(random() < 0.9 ? 20 : 5_000)),
        );
        break;
      default:
        bytes = random() < 0.3 ? bytes.subarray(0, at) : spliced(bytes, at, 0, bytes.subarray(below(at + 1), at));
    }
  }
  return bytes;
}

function repeated(piece: Uint8Array, times: number): Buffer {
  const count = piece.length === 0 ? 0 : Math.min(times, Math.floor(maxBytes / piece.length));
  return Buffer.concat(Array.from({ length: count }, () => piece));
}

function spliced(bytes: Buffer, at: number, cut: number, put: Uint8Array): Buffer {
  const whole = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]);
  return whole.length > maxBytes ? whole.subarray(0, maxBytes) : whole;
}
