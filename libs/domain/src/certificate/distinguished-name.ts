/**
 * Distinguished names as values. The order is that of the encoding (the RDN nearest the root first); RFC 4514 strings
 * are written the other way round.
 */

/**
 * One attribute of a name. `type` is a dotted OID. `value` is the decoded text when `form` is `text`, and the lower-case
 * hex of the whole DER value when `form` is `der` (a value that is no character string).
 */
export interface AttributeTypeAndValue {
  readonly type: string;
  readonly value: string;
  readonly form: 'text' | 'der';
}

/** A set: the order of the attributes in it means nothing. */
export type RelativeDistinguishedName = readonly AttributeTypeAndValue[];

/** RDNs in the order of the encoding. The empty name has none. */
export type DistinguishedName = readonly RelativeDistinguishedName[];

/** Thrown by {@link parseDistinguishedName}: `position` is the offset, in UTF-16 units, at which the text stops making sense. */
export class MalformedDistinguishedName extends Error {
  readonly code = 'malformed-distinguished-name';
  constructor(
    readonly position: number,
    problem: string,
  ) {
    super(
      `The distinguished name is not RFC 4514 at character ${position}: ${problem}. Write it like CN=name,O=organisation,C=DE.`,
    );
    this.name = 'MalformedDistinguishedName';
  }
}

/** The short names of RFC 4514 section 3, and those that OpenSSL, Java and SAP print. Keys are lower case. */
const typeByShortName: ReadonlyMap<string, string> = new Map([
  ['cn', '2.5.4.3'],
  ['commonname', '2.5.4.3'],
  ['sn', '2.5.4.4'],
  ['surname', '2.5.4.4'],
  ['serialnumber', '2.5.4.5'],
  ['c', '2.5.4.6'],
  ['countryname', '2.5.4.6'],
  ['l', '2.5.4.7'],
  ['localityname', '2.5.4.7'],
  ['st', '2.5.4.8'],
  ['s', '2.5.4.8'],
  ['sp', '2.5.4.8'],
  ['stateorprovincename', '2.5.4.8'],
  ['street', '2.5.4.9'],
  ['streetaddress', '2.5.4.9'],
  ['o', '2.5.4.10'],
  ['organizationname', '2.5.4.10'],
  ['ou', '2.5.4.11'],
  ['organizationalunitname', '2.5.4.11'],
  ['t', '2.5.4.12'],
  ['title', '2.5.4.12'],
  ['description', '2.5.4.13'],
  ['businesscategory', '2.5.4.15'],
  ['postalcode', '2.5.4.17'],
  ['name', '2.5.4.41'],
  ['gn', '2.5.4.42'],
  ['givenname', '2.5.4.42'],
  ['initials', '2.5.4.43'],
  ['generationqualifier', '2.5.4.44'],
  ['dnqualifier', '2.5.4.46'],
  ['dnq', '2.5.4.46'],
  ['pseudonym', '2.5.4.65'],
  ['organizationidentifier', '2.5.4.97'],
  ['uid', '0.9.2342.19200300.100.1.1'],
  ['userid', '0.9.2342.19200300.100.1.1'],
  ['dc', '0.9.2342.19200300.100.1.25'],
  ['domaincomponent', '0.9.2342.19200300.100.1.25'],
  ['e', '1.2.840.113549.1.9.1'],
  ['email', '1.2.840.113549.1.9.1'],
  ['emailaddress', '1.2.840.113549.1.9.1'],
  ['unstructuredname', '1.2.840.113549.1.9.2'],
  ['jurisdictionc', '1.3.6.1.4.1.311.60.2.1.3'],
  ['jurisdictionst', '1.3.6.1.4.1.311.60.2.1.2'],
  ['jurisdictionl', '1.3.6.1.4.1.311.60.2.1.1'],
]);

const shortNameByType: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.4', 'SN'],
  ['2.5.4.5', 'SERIALNUMBER'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'STREET'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.12', 'title'],
  ['2.5.4.42', 'GN'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['1.2.840.113549.1.9.1', 'emailAddress'],
]);

/**
 * Reads an RFC 4514 string: escapes, hex pairs, multi-valued RDNs, `#hex` values, short names in any letter case and
 * dotted OIDs (with or without the `OID.` of RFC 1779). Blanks around separators are allowed, as people write them.
 * @throws {MalformedDistinguishedName} at the first character that does not fit
 */
export function parseDistinguishedName(rfc4514: string): DistinguishedName {
  const rdns: AttributeTypeAndValue[][] = [];
  let at = skipBlanks(rfc4514, 0);
  if (at === rfc4514.length) return Object.freeze([]);
  let rdn: AttributeTypeAndValue[] = [];
  for (;;) {
    const [attribute, next] = parseAttribute(rfc4514, skipBlanks(rfc4514, at));
    rdn.push(attribute);
    const separator = rfc4514[next];
    at = next + 1;
    if (separator === '+') continue;
    rdns.push(rdn);
    rdn = [];
    if (separator === undefined) break;
  }
  return freezeName(rdns.reverse());
}

/** Freezes a name built elsewhere (a decoder) so that it is a value. */
export function freezeName(rdns: readonly (readonly AttributeTypeAndValue[])[]): DistinguishedName {
  return Object.freeze(rdns.map((rdn) => Object.freeze(rdn.map((attribute) => Object.freeze(attribute)))));
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ') at++;
  return at;
}

function parseAttribute(text: string, from: number): [AttributeTypeAndValue, number] {
  const equals = text.indexOf('=', from);
  if (equals < 0) throw new MalformedDistinguishedName(from, 'an attribute needs a type, an equals sign and a value');
  const type = parseType(text.slice(from, equals).trim(), from);
  const at = skipBlanks(text, equals + 1);
  return text[at] === '#' ? parseHexValue(type, text, at + 1) : parseStringValue(type, text, at);
}

function parseType(written: string, position: number): string {
  const named = typeByShortName.get(written.toLowerCase());
  if (named !== undefined) return named;
  const dotted = /^oid\./i.test(written) ? written.slice(4) : written;
  if (/^[0-2](\.(0|[1-9]\d*))+$/.test(dotted)) return dotted;
  throw new MalformedDistinguishedName(position, `"${written}" is neither a known attribute type nor a dotted OID`);
}

function parseHexValue(type: string, text: string, from: number): [AttributeTypeAndValue, number] {
  let at = from;
  while (/[0-9a-f]/i.test(text[at] ?? '')) at++;
  const hex = text.slice(from, at).toLowerCase();
  if (hex.length === 0 || hex.length % 2 !== 0)
    throw new MalformedDistinguishedName(from, 'a # value is an even number of hex digits');
  const end = skipBlanks(text, at);
  if (end < text.length && !',;+'.includes(text[end] as string))
    throw new MalformedDistinguishedName(at, 'a # value holds hex digits only');
  const decoded = decodeCharacterString(hex);
  return [decoded === undefined ? { type, value: hex, form: 'der' } : { type, value: decoded, form: 'text' }, end];
}

/** The text of a DER character string given in hex, or undefined if it is something else. */
function decodeCharacterString(hex: string): string | undefined {
  const bytes = Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  );
  const [tag, length] = bytes;
  if (tag === undefined || length === undefined || length > 127 || bytes.length !== length + 2) return undefined;
  const content = bytes.slice(2);
  switch (tag) {
    case 0x0c:
      return decodeUtf8(content);
    case 0x12:
    case 0x13:
    case 0x16:
    case 0x1a:
      return content.every((byte) => byte < 0x80) ? String.fromCharCode(...content) : undefined;
    case 0x14:
      return String.fromCharCode(...content);
    default:
      return undefined;
  }
}

/** Strict UTF-8 (no over-long forms, no surrogates); undefined if it is not. */
function decodeUtf8(bytes: readonly number[]): string | undefined {
  try {
    return decodeURIComponent(bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

const escapable = new Set([...' "#+,;<=>\\']);

function parseStringValue(type: string, text: string, from: number): [AttributeTypeAndValue, number] {
  if (text[from] === '"') return parseQuotedValue(type, text, from + 1);
  let value = '';
  let keep = 0;
  let at = from;
  for (;;) {
    const character = text[at];
    if (character === undefined || character === ',' || character === '+' || character === ';') break;
    if (character === '\\') {
      const [unescaped, next] = parseEscape(text, at);
      value += unescaped;
      keep = value.length;
      at = next;
      continue;
    }
    if (character === '"' || character === '<' || character === '>' || character === '\0')
      throw new MalformedDistinguishedName(
        at,
        `the character ${JSON.stringify(character)} must be escaped with a backslash`,
      );
    value += character;
    if (character !== ' ') keep = value.length;
    at++;
  }
  return [{ type, value: value.slice(0, keep), form: 'text' }, at];
}

/** The quoted form of RFC 2253's predecessors (RFC 4514 section 2.4 implementations still print it). */
function parseQuotedValue(type: string, text: string, from: number): [AttributeTypeAndValue, number] {
  let value = '';
  let at = from;
  for (;;) {
    const character = text[at];
    if (character === undefined) throw new MalformedDistinguishedName(from - 1, 'the quotation mark is never closed');
    if (character === '"') break;
    if (character === '\\') {
      const [unescaped, next] = parseEscape(text, at);
      value += unescaped;
      at = next;
      continue;
    }
    value += character;
    at++;
  }
  const end = skipBlanks(text, at + 1);
  if (end < text.length && !',;+'.includes(text[end] as string))
    throw new MalformedDistinguishedName(end, 'a quoted value ends at its quotation mark');
  return [{ type, value, form: 'text' }, end];
}

/** One escaped character, or a run of hex pairs, which together are UTF-8. Returns the text and the offset behind it. */
function parseEscape(text: string, from: number): [string, number] {
  const next = text[from + 1];
  if (next !== undefined && escapable.has(next)) return [next, from + 2];
  const bytes: number[] = [];
  let at = from;
  while (text[at] === '\\' && /^[0-9a-f]{2}$/i.test(text.slice(at + 1, at + 3))) {
    bytes.push(Number.parseInt(text.slice(at + 1, at + 3), 16));
    at += 3;
  }
  if (bytes.length === 0)
    throw new MalformedDistinguishedName(from, 'a backslash is followed by a special character or two hex digits');
  const decoded = decodeUtf8(bytes);
  if (decoded === undefined) throw new MalformedDistinguishedName(from, 'the escaped bytes are not UTF-8');
  return [decoded, at];
}

/** Writes a name as RFC 4514 does: last RDN first, special characters escaped. Reading it again gives the same name. */
export function formatDistinguishedName(name: DistinguishedName): string {
  return name
    .map((rdn) =>
      rdn
        .map((attribute) => `${shortNameByType.get(attribute.type) ?? attribute.type}=${formatValue(attribute)}`)
        .join('+'),
    )
    .reverse()
    .join(',');
}

function formatValue(attribute: AttributeTypeAndValue): string {
  if (attribute.form === 'der') return `#${attribute.value}`;
  const last = attribute.value.length - 1;
  let written = '';
  for (let index = 0; index <= last; index++) {
    const character = attribute.value[index] as string;
    const code = character.charCodeAt(0);
    if (code < 0x20 || code === 0x7f) written += `\\${code.toString(16).padStart(2, '0')}`;
    else if (',+"\\<>;='.includes(character)) written += `\\${character}`;
    else if ((character === ' ' && (index === 0 || index === last)) || (character === '#' && index === 0))
      written += `\\${character}`;
    else written += character;
  }
  return written;
}

/**
 * A key of the name: two names are equal by RFC 5280 section 7.1 if and only if their keys are. Every value carries its
 * length, so no character inside a value can pass for structure.
 */
export function canonicalDistinguishedName(name: DistinguishedName): string {
  let key = '';
  for (const rdn of name) {
    const attributes = rdn.map(canonicalAttribute);
    if (attributes.length > 1) attributes.sort();
    key += `(${attributes.join('')})`;
  }
  return key;
}

function canonicalAttribute(attribute: AttributeTypeAndValue): string {
  if (attribute.form === 'der') return `${attribute.type}#${attribute.value.length}:${attribute.value}`;
  const prepared = prepareText(attribute.value);
  return `${attribute.type}=${prepared.length}:${prepared}`;
}

/** Whether two names are equal by RFC 5280 section 7.1. */
export function sameDistinguishedName(a: DistinguishedName, b: DistinguishedName): boolean {
  return a === b || canonicalDistinguishedName(a) === canonicalDistinguishedName(b);
}

/** Characters that RFC 4518 section 2.2 maps to nothing. */
const mappedToNothing =
  /[\u00ad\u034f\u1806\u180b-\u180d\u180e\u200b-\u200d\u2060-\u2064\u206a-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffc\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u200e\u200f\u202a-\u202e]/gu;
/** Those it maps to a space, and the separators. */
const mappedToSpace = /[\u0009-\u000d\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/gu;

/** RFC 4518 string preparation as far as RFC 5280 section 7.1 needs it: map, NFKC, fold case, squeeze spaces. */
function prepareText(text: string): string {
  if (/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(text)) return text.toLowerCase();
  let prepared = text.replace(mappedToSpace, ' ').replace(mappedToNothing, '').normalize('NFKC');
  let folded = '';
  // One code point at a time: the lower case of a whole string depends on context (final sigma).
  for (const character of prepared) folded += character.toUpperCase().toLowerCase();
  prepared = folded.normalize('NFKC');
  return prepared.replace(/ +/g, ' ').replace(/^ | $/g, '');
}
