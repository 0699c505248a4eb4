import { type DateKind, DateValue, DurationValue } from './date-value.js';
import { Decimal } from './decimal.js';
import {
  type Atomic,
  QNameValue,
  UntypedAtomic,
  isNumeric,
  parseDouble,
  textOf,
  toDouble,
  xpathError,
} from './xpath-value.js';

export const INTEGER_RANGES: Readonly<Record<string, readonly [minimum: bigint | null, maximum: bigint | null]>> = {
  integer: [null, null],
  nonPositiveInteger: [null, 0n],
  negativeInteger: [null, -1n],
  nonNegativeInteger: [0n, null],
  positiveInteger: [1n, null],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  short: [-32768n, 32767n],
  byte: [-128n, 127n],
  unsignedLong: [0n, 2n ** 64n - 1n],
  unsignedInt: [0n, 2n ** 32n - 1n],
  unsignedShort: [0n, 65535n],
  unsignedByte: [0n, 255n],
};

const TEXT_TYPES: Readonly<Record<string, RegExp | null>> = {
  string: null,
  normalizedString: null,
  token: null,
  anyURI: null,
  language: /^[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*$/,
  NMTOKEN: /^[\p{L}\p{N}._:-]+$/u,
  Name: /^[\p{L}_:][\p{L}\p{N}._:-]*$/u,
  NCName: /^[\p{L}_][\p{L}\p{N}._-]*$/u,
  ID: /^[\p{L}_][\p{L}\p{N}._-]*$/u,
  IDREF: /^[\p{L}_][\p{L}\p{N}._-]*$/u,
  ENTITY: /^[\p{L}_][\p{L}\p{N}._-]*$/u,
  hexBinary: /^([0-9a-fA-F]{2})*$/,
  base64Binary: /^[A-Za-z0-9+/=\s]*$/,
};

const DATE_KINDS = new Set(['dateTime', 'date', 'time', 'gYear', 'gYearMonth']);
const DURATION_KINDS = new Set(['duration', 'yearMonthDuration', 'dayTimeDuration']);

/** Types whose values can be made and tested here, without their prefix. */
export const KNOWN_TYPES: ReadonlySet<string> = new Set([
  ...Object.keys(INTEGER_RANGES),
  ...Object.keys(TEXT_TYPES),
  ...DATE_KINDS,
  ...DURATION_KINDS,
  'decimal',
  'double',
  'float',
  'boolean',
  'QName',
  'untypedAtomic',
  'anyAtomicType',
  'numeric',
  'dateTimeStamp',
]);

/** @returns whether values of this type can be made and tested here */
export function isKnownType(name: string): boolean {
  return KNOWN_TYPES.has(name);
}

/**
 * Casts to a type of XML Schema.
 * @throws FlowProcessingError
 */
export function castTo(value: Atomic, type: string): Atomic {
  const text = (): string => textOf(value);
  const fail = (): never => {
    throw xpathError('FORG0001', `"${text().slice(0, 60)}" is not an xs:${type}.`);
  };
  if (type in INTEGER_RANGES) return castInteger(value, type, fail);
  if (type in TEXT_TYPES) {
    const plain = type === 'string' ? text() : text().replace(/[\t\r\n]/g, ' ');
    const collapsed = type === 'string' || type === 'normalizedString' ? plain : plain.replace(/ +/g, ' ').trim();
    const pattern = TEXT_TYPES[type];
    return pattern !== null && pattern !== undefined && !pattern.test(collapsed) ? fail() : collapsed;
  }
  if (DATE_KINDS.has(type)) {
    if (value instanceof DateValue) return value.as(type as DateKind);
    return DateValue.parse(type as DateKind, text()) ?? fail();
  }
  if (DURATION_KINDS.has(type)) {
    const kind = type as DurationValue['kind'];
    if (value instanceof DurationValue)
      return new DurationValue(
        kind === 'dayTimeDuration' ? 0 : value.months,
        kind === 'yearMonthDuration' ? 0 : value.milliseconds,
        kind,
      );
    return DurationValue.parse(text(), kind) ?? fail();
  }
  switch (type) {
    case 'double':
    case 'float': {
      if (isNumeric(value) || typeof value === 'boolean') return toDouble(value);
      const number = parseDouble(text());
      return Number.isNaN(number) && text().trim() !== 'NaN' ? fail() : number;
    }
    case 'decimal':
    case 'numeric':
      if (typeof value === 'bigint') return Decimal.fromInteger(value);
      if (value instanceof Decimal) return value;
      if (typeof value === 'boolean') return Decimal.fromInteger(value ? 1n : 0n);
      if (typeof value === 'number') return Number.isFinite(value) ? Decimal.fromNumber(value) : fail();
      return Decimal.parse(text()) ?? fail();
    case 'boolean': {
      if (isNumeric(value)) return toDouble(value) !== 0 && !Number.isNaN(toDouble(value));
      const word = text().trim();
      return word === 'true' || word === '1' ? true : word === 'false' || word === '0' ? false : fail();
    }
    case 'untypedAtomic':
      return new UntypedAtomic(text());
    case 'QName': {
      if (value instanceof QNameValue) return value;
      const match = /^(?:([\p{L}_][\p{L}\p{N}._-]*):)?([\p{L}_][\p{L}\p{N}._-]*)$/u.exec(text().trim());
      return match === null ? fail() : new QNameValue('', match[1] ?? '', match[2] ?? '');
    }
    default:
      throw xpathError('XPST0051', `The type "${type}" is not known.`);
  }
}

function castInteger(value: Atomic, type: string, fail: () => never): bigint {
  let result: bigint;
  if (typeof value === 'bigint') result = value;
  else if (value instanceof Decimal) result = value.truncate();
  else if (typeof value === 'boolean') result = value ? 1n : 0n;
  else if (typeof value === 'number') {
    if (!Number.isFinite(value)) return fail();
    result = BigInt(Math.trunc(value));
  } else {
    const text = textOf(value).trim();
    if (!/^[+-]?\d{1,1000}$/.test(text)) return fail();
    result = BigInt(text.replace(/^\+/, ''));
  }
  const [minimum, maximum] = INTEGER_RANGES[type] as readonly [bigint | null, bigint | null];
  if ((minimum !== null && result < minimum) || (maximum !== null && result > maximum)) return fail();
  return result;
}
