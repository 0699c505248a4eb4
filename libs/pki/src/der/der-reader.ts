/** Thrown when bytes are not DER (X.690), or not the structure they should be. */
export class MalformedDer extends Error {
  readonly code = 'malformed-der';
  constructor(problem: string) {
    super(problem);
    this.name = 'MalformedDer';
  }
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
} as const;

/** Context-specific tag, primitive. */
export const implicit = (number: number): number => 0x80 | number;
/** Context-specific tag, constructed. */
export const explicit = (number: number): number => 0xa0 | number;

/**
 * Reads DER elements one after another, strictly: definite minimal lengths, single-byte tags, nothing beyond the end.
 * After a read the fields `tag`, `elementStart`, `contentStart` and `contentEnd` describe the element.
 */
export class DerReader {
  tag = -1;
  elementStart = 0;
  contentStart = 0;
  contentEnd = 0;

  constructor(
    readonly bytes: Uint8Array,
    public position = 0,
    readonly end = bytes.length,
  ) {}

  get atEnd(): boolean {
    return this.position >= this.end;
  }

  /** The tag of the next element, -1 at the end. */
  peek(): number {
    return this.position < this.end ? (this.bytes[this.position] as number) : -1;
  }

  /** Reads the next element's header and steps over its content. @throws {MalformedDer} */
  next(): number {
    const { bytes, end } = this;
    let at = this.position;
    if (at + 2 > end) throw new MalformedDer('an element is cut short');
    const tag = bytes[at] as number;
    if ((tag & 0x1f) === 0x1f) throw new MalformedDer('a tag number above 30 is not used in X.509');
    let length = bytes[at + 1] as number;
    this.elementStart = at;
    at += 2;
    if (length >= 0x80) {
      const octets = length & 0x7f;
      if (octets === 0) throw new MalformedDer('a length is indefinite, DER demands a definite one');
      if (octets > 4 || at + octets > end) throw new MalformedDer('a length is longer than the data');
      length = 0;
      for (let index = 0; index < octets; index++) length = length * 256 + (bytes[at + index] as number);
      if (length < 0x80 || length < 256 ** (octets - 1)) throw new MalformedDer('a length is not in its shortest form');
      at += octets;
    }
    if (at + length > end) throw new MalformedDer('a length is longer than the data');
    this.tag = tag;
    this.contentStart = at;
    this.contentEnd = at + length;
    this.position = at + length;
    return tag;
  }

  /** Reads an element that must have this tag. @throws {MalformedDer} */
  expect(tag: number, what: string): this {
    if (this.position >= this.end) throw new MalformedDer(`${what} is missing`);
    if (this.bytes[this.position] !== tag)
      throw new MalformedDer(`${what} has tag 0x${this.peek().toString(16)} instead of 0x${tag.toString(16)}`);
    this.next();
    return this;
  }

  /** Reads the next element if it has this tag. */
  optional(tag: number): boolean {
    if (this.peek() !== tag) return false;
    this.next();
    return true;
  }

  /** A reader of the content of the element just read. */
  enter(): DerReader {
    return new DerReader(this.bytes, this.contentStart, this.contentEnd);
  }

  /** The content of the element just read (a view, not a copy). */
  content(): Uint8Array {
    return this.bytes.subarray(this.contentStart, this.contentEnd);
  }

  /** The whole element just read, header included (a view). */
  element(): Uint8Array {
    return this.bytes.subarray(this.elementStart, this.contentEnd);
  }

  /** @throws {MalformedDer} unless everything was read */
  finish(what: string): void {
    if (this.position !== this.end)
      throw new MalformedDer(`${what} is followed by something that does not belong there`);
  }
}

const deepest = 24;

/**
 * Walks every constructed element, so that no part that is only carried along (an ANY) hides an encoding that is no DER.
 * @throws {MalformedDer} also when the nesting is deeper than any certificate needs
 */
export function assertStrictDer(bytes: Uint8Array, start = 0, end = bytes.length): void {
  const ends = new Array<number>(deepest);
  let depth = 0;
  ends[0] = end;
  const reader = new DerReader(bytes, start, end);
  for (;;) {
    while (reader.position === ends[depth]) {
      if (depth === 0) return;
      depth--;
    }
    const tag = reader.next();
    if (reader.contentEnd > (ends[depth] as number))
      throw new MalformedDer('an element is longer than the one around it');
    if (tag === 0) throw new MalformedDer('tag 0 is not used in DER');
    if ((tag & 0x20) !== 0) {
      if (++depth >= deepest) throw new MalformedDer(`elements are nested more than ${deepest} deep`);
      ends[depth] = reader.contentEnd;
      reader.position = reader.contentStart;
    }
  }
}
