import { FlowProcessingError } from '@sluice/domain';

/** Of the engine, and not yet in the types: a primitive that is written as this very text. */
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
};
type Reviver = (this: object, key: string, value: unknown, context: { source?: string }) => unknown;
const parseJson = JSON.parse as (text: string, reviver?: Reviver) => unknown;

/** What a number may look like that JavaScript would write otherwise; found in a string, it costs time only. */
const OTHERWISE_WRITTEN = /\d{16}|[\d.]{17}|\.\d*0(?!\d)|0\.0{6}|\d[eE]|-0/;
const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i;

/** How a value is spelt; null where it is in two ways. */
type Spellings = Map<number, string | null>;

function note(spellings: Spellings, value: number, source: string): void {
  const spelt = spellings.get(value);
  spellings.set(value, spelt === undefined || spelt === source ? source : null);
}

/**
 * A JSON document whose numbers keep their digits. A number that a double holds is a number, and its spelling (`1.10`, `1e2`) is
 * written again where it is copied. One of more digits, or out of range, is no number here, so that nobody calculates with what
 * it is not: it can be copied, compared for equality and made a text.
 */
export class ExactJson {
  readonly value: unknown;
  /** Numbers no double holds. */
  readonly inexact: number = 0;
  /** By the object or array a number stands in, and its key. */
  readonly #places = new WeakMap<object, Map<string, string>>();
  readonly #spellings: Spellings = new Map();
  /** By name of member, for a value that the document spells in two ways. */
  readonly #named = new Map<string, Spellings>();

  /** @throws FlowProcessingError `json-malformed` */
  constructor(text: string) {
    if (!OTHERWISE_WRITTEN.test(text)) {
      this.value = parse(text);
      return;
    }
    let inexact = 0;
    const places = this.#places;
    const spellings = this.#spellings;
    const named = this.#named;
    this.value = parse(text, function (key, value, { source }) {
      if (typeof value !== 'number' || source === undefined) return value;
      const written = String(value);
      if (source !== written && !isSameDecimal(source, written)) {
        inexact++;
        return rawJSON(source);
      }
      let ofName = named.get(key);
      if (ofName === undefined) named.set(key, (ofName = new Map<number, string | null>()));
      note(spellings, value, source);
      note(ofName, value, source);
      if (source !== written) {
        let place = places.get(this);
        if (place === undefined) places.set(this, (place = new Map<string, string>()));
        place.set(key, source);
      }
      return value;
    });
    this.inexact = inexact;
  }

  /** @returns the text of a value made of parts of this document, or undefined when it has none */
  write(value: unknown): string | undefined {
    const places = this.#places;
    const spellings = this.#spellings;
    const named = this.#named;
    if (spellings.size === 0) return JSON.stringify(value) as string | undefined;
    return JSON.stringify(value, function (this: object, key: string, member: unknown) {
      if (typeof member !== 'number') return member;
      const placed = places.get(this)?.get(key);
      if (placed !== undefined && Number(placed) === member) return rawJSON(placed);
      // A count must not become 2.00 because a price is: whole numbers are spelt by the name of their member alone.
      const source = named.get(key)?.get(member) ?? (Number.isInteger(member) ? undefined : spellings.get(member));
      return typeof source === 'string' ? rawJSON(source) : member;
    }) as string | undefined;
  }

  /** @returns a copy that may be changed; its numbers are spelt as those of the original */
  copy(value: unknown): unknown {
    if (typeof value === 'function') return '';
    if (typeof value !== 'object' || value === null || isRawJSON(value)) return value;
    const copied: object = Array.isArray(value)
      ? value.map((member) => this.copy(member))
      : Object.fromEntries(Object.entries(value).map(([key, member]) => [key, this.copy(member)]));
    const place = this.#places.get(value);
    if (place !== undefined) this.#places.set(copied, place);
    return copied;
  }
}

/** Whether two decimal numbers are the same, digit for digit; anything that is none, like Infinity, is the same as nothing. */
export function isSameDecimal(one: string, other: string): boolean {
  const canonical = canonicalDecimal(one);
  return canonical !== undefined && canonical === canonicalDecimal(other);
}

function canonicalDecimal(text: string): string | undefined {
  const [all, sign, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  if (all === undefined || whole + fraction === '') return undefined;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const power = BigInt(exponent.slice(0, 400)) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign === '-' ? '-' : ''}${significant}e${power}`;
}

function parse(text: string, reviver?: Reviver): unknown {
  try {
    return parseJson(text, reviver);
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const reason = text.trim() === '' ? 'it is empty' : (error as Error).message;
    throw new FlowProcessingError('json-malformed', `The body is not JSON: ${reason}`, { cause: error });
  }
}
