import { toDecimal } from '../value/arithmetic.js';
import { Decimal } from '../value/decimal.js';
import { type Atomic, toDouble, xpathError } from '../value/xpath-value.js';

export interface DecimalFormat {
  readonly decimalSeparator: string;
  readonly groupingSeparator: string;
  readonly minusSign: string;
  readonly percent: string;
  readonly perMille: string;
  readonly zeroDigit: string;
  readonly digit: string;
  readonly patternSeparator: string;
  readonly infinity: string;
  readonly notANumber: string;
}

export const DEFAULT_DECIMAL_FORMAT: DecimalFormat = {
  decimalSeparator: '.',
  groupingSeparator: ',',
  minusSign: '-',
  percent: '%',
  perMille: '‰',
  zeroDigit: '0',
  digit: '#',
  patternSeparator: ';',
  infinity: 'Infinity',
  notANumber: 'NaN',
};

/**
 * fn:format-number.
 * @throws FlowProcessingError FODF1310 for a picture that is not one
 */
export function formatNumber(
  value: Atomic | null,
  picture: string,
  format: DecimalFormat = DEFAULT_DECIMAL_FORMAT,
): string {
  const number = value === null ? Number.NaN : toDouble(value);
  if (Number.isNaN(number)) return format.notANumber;
  const [positive, negative] = picture.split(format.patternSeparator);
  const below = number < 0 || Object.is(number, -0);
  const used = below && negative !== undefined ? negative : (positive ?? '');
  const parts = analyze(used, format);
  const sign = below && negative === undefined ? format.minusSign : '';
  if (!Number.isFinite(number)) return `${sign}${parts.prefix}${format.infinity}${parts.suffix}`;
  const exact = typeof value === 'bigint' || value instanceof Decimal ? toDecimal(value) : Decimal.fromNumber(number);
  const absolute = exact.compare(new Decimal(0n, 0)) < 0 ? exact.negate() : exact;
  const scaled = parts.percent
    ? absolute.multiply(new Decimal(100n, 0))
    : parts.perMille
      ? absolute.multiply(new Decimal(1000n, 0))
      : absolute;
  const rounded = scaled.round(parts.maximumFraction, 'even');
  const [whole = '0', fraction = ''] = rounded.toString().split('.');
  let integer = whole === '0' && parts.minimumInteger === 0 ? '' : whole.padStart(parts.minimumInteger, '0');
  if (integer === '' && parts.maximumFraction === 0) integer = '0';
  integer = group(integer, parts.grouping, format.groupingSeparator);
  const digits = fraction.padEnd(parts.minimumFraction, '0');
  const text = digits === '' ? integer : `${integer}${format.decimalSeparator}${digits}`;
  return `${sign}${parts.prefix}${localDigits(text, format.zeroDigit)}${parts.suffix}`;
}

interface Picture {
  readonly prefix: string;
  readonly suffix: string;
  readonly minimumInteger: number;
  readonly minimumFraction: number;
  readonly maximumFraction: number;
  readonly grouping: readonly number[];
  readonly percent: boolean;
  readonly perMille: boolean;
}

function analyze(picture: string, format: DecimalFormat): Picture {
  const active = (character: string): boolean =>
    character === format.digit ||
    character === format.decimalSeparator ||
    character === format.groupingSeparator ||
    isDigit(character, format);
  const characters = [...picture];
  const start = characters.findIndex(active);
  if (start < 0) throw xpathError('FODF1310', `"${picture}" is not a picture of a number.`);
  let end = start;
  while (end < characters.length && active(characters[end] as string)) end++;
  const body = characters.slice(start, end);
  const point = body.indexOf(format.decimalSeparator);
  const integer = point < 0 ? body : body.slice(0, point);
  const fraction = point < 0 ? [] : body.slice(point + 1);
  if (characters.slice(end).some(active)) throw xpathError('FODF1310', `"${picture}" is not a picture of a number.`);
  const grouping: number[] = [];
  let seen = 0;
  for (const character of [...integer].reverse()) {
    if (character === format.groupingSeparator) grouping.push(seen);
    else seen++;
  }
  return {
    prefix: characters.slice(0, start).join(''),
    suffix: characters.slice(end).join(''),
    minimumInteger: integer.filter((character) => isDigit(character, format)).length,
    minimumFraction: fraction.filter((character) => isDigit(character, format)).length,
    maximumFraction: fraction.filter((character) => character !== format.groupingSeparator).length,
    grouping,
    percent: picture.includes(format.percent),
    perMille: picture.includes(format.perMille),
  };
}

function isDigit(character: string, format: DecimalFormat): boolean {
  const offset = (character.codePointAt(0) ?? 0) - (format.zeroDigit.codePointAt(0) ?? 48);
  return offset >= 0 && offset <= 9;
}

function localDigits(text: string, zero: string): string {
  if (zero === '0') return text;
  const base = zero.codePointAt(0) ?? 48;
  return text.replace(/\d/g, (digit) => String.fromCodePoint(base + Number(digit)));
}

function group(integer: string, positions: readonly number[], separator: string): string {
  const [first] = positions;
  if (first === undefined || first === 0) return integer;
  const regular = positions.every((position, index) => position === first * (index + 1));
  let text = '';
  for (let index = 0; index < integer.length; index++) {
    const fromEnd = integer.length - index;
    if (index > 0 && (regular ? fromEnd % first === 0 : positions.includes(fromEnd))) text += separator;
    text += integer[index];
  }
  return text;
}
