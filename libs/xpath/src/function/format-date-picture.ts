import { type DateValue, zoneText } from '../value/date-value.js';
import { xpathError } from '../value/xpath-value.js';

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const ROMAN: readonly [number, string][] = [
  [1000, 'M'],
  [900, 'CM'],
  [500, 'D'],
  [400, 'CD'],
  [100, 'C'],
  [90, 'XC'],
  [50, 'L'],
  [40, 'XL'],
  [10, 'X'],
  [9, 'IX'],
  [5, 'V'],
  [4, 'IV'],
  [1, 'I'],
];

/**
 * fn:format-date, format-dateTime and format-time, in English.
 * @throws FlowProcessingError FOFD1340 for a picture that is not one
 */
export function formatDatePicture(value: DateValue, picture: string): string {
  let text = '';
  for (let position = 0; position < picture.length; position++) {
    const character = picture[position] as string;
    if (character === ']' || character === '[') {
      if (picture[position + 1] === character) {
        text += character;
        position++;
        continue;
      }
      if (character === ']') throw xpathError('FOFD1340', `"${picture}" has a ] without a [.`);
      const end = picture.indexOf(']', position);
      if (end < 0) throw xpathError('FOFD1340', `"${picture}" has a [ without a ].`);
      text += component(value, picture.slice(position + 1, end).replace(/\s/g, ''), picture);
      position = end;
      continue;
    }
    text += character;
  }
  return text;
}

function component(value: DateValue, marker: string, picture: string): string {
  const match = /^([YMDdFWwHhPmsfZzCE])([^,]*)(?:,(\*|\d+)(?:-(\*|\d+))?)?$/.exec(marker);
  if (match === null) throw xpathError('FOFD1340', `"${picture}" has the unknown part [${marker}].`);
  const [, specifier, presentation = '', minimum, maximum] = match as unknown as [
    string,
    string,
    string,
    string?,
    string?,
  ];
  const date = value.date;
  const width = {
    minimum: minimum === undefined || minimum === '*' ? 0 : Number(minimum),
    maximum: maximum === undefined || maximum === '*' ? 0 : Number(maximum),
  };
  switch (specifier) {
    case 'Y': {
      const year = Math.abs(date.getUTCFullYear());
      const digits =
        width.maximum || (/^[0#]*0$/.test(presentation) && presentation.length > 1 ? presentation.length : 0);
      return number(digits > 0 && digits < 4 ? year % 10 ** digits : year, presentation || '1', width);
    }
    case 'M':
      return named(date.getUTCMonth() + 1, MONTHS, date.getUTCMonth(), presentation || '1', width);
    case 'D':
      return number(date.getUTCDate(), presentation || '1', width);
    case 'd':
      return number(
        Math.floor((value.local - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1,
        presentation || '1',
        width,
      );
    case 'F':
      return named(date.getUTCDay() || 7, DAYS, date.getUTCDay(), presentation || 'n', width);
    case 'W':
      return number(isoWeek(date), presentation || '1', width);
    case 'w':
      return number(
        Math.ceil(
          (date.getUTCDate() +
            ((new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)).getUTCDay() + 6) % 7)) /
            7,
        ),
        presentation || '1',
        width,
      );
    case 'H':
      return number(date.getUTCHours(), presentation || '1', width);
    case 'h':
      return number(date.getUTCHours() % 12 || 12, presentation || '1', width);
    case 'P': {
      const half = date.getUTCHours() < 12 ? 'am' : 'pm';
      return presentation.startsWith('N') && !presentation.startsWith('Nn') ? half.toUpperCase() : half;
    }
    case 'm':
      return number(date.getUTCMinutes(), presentation || '01', width);
    case 's':
      return number(date.getUTCSeconds(), presentation || '01', width);
    case 'f': {
      const digits = width.maximum || width.minimum || Math.max(presentation.length, 1);
      return String(date.getUTCMilliseconds()).padStart(3, '0').padEnd(digits, '0').slice(0, digits);
    }
    case 'Z':
    case 'z':
      return zone(value, presentation, specifier);
    case 'E':
      return 'AD';
    default:
      return 'ISO';
  }
}

function zone(value: DateValue, presentation: string, specifier: string): string {
  if (value.zone === null) return '';
  const text = value.zone === 0 ? '+00:00' : zoneText(value.zone);
  if (specifier === 'z') return `GMT${text}`;
  if (presentation === 'Z' || (presentation.endsWith('t') && value.zone === 0)) return value.zone === 0 ? 'Z' : text;
  if (/^0{4}/.test(presentation)) return text.replace(':', '');
  if (presentation === '0') return text.replace(/:00$/, '').replace(/^(.)0/, '$1');
  if (presentation === '00') return text.replace(/:00$/, '');
  return text;
}

interface Width {
  readonly minimum: number;
  readonly maximum: number;
}

function number(value: number, presentation: string, width: Width): string {
  const plain = presentation.replace(/[oc]$/, '');
  const ordinal = presentation.endsWith('o');
  if (plain === 'I' || plain === 'i') {
    let rest = value;
    let text = '';
    for (const [amount, letters] of ROMAN)
      while (rest >= amount) {
        text += letters;
        rest -= amount;
      }
    return plain === 'I' ? text : text.toLowerCase();
  }
  const digits = Math.max(width.minimum, /^[#0-9]+$/.test(plain) ? plain.replaceAll('#', '').length : 1);
  const text = String(value).padStart(digits, '0');
  return ordinal ? text + ordinalSuffix(value) : text;
}

function ordinalSuffix(value: number): string {
  if (value % 100 >= 11 && value % 100 <= 13) return 'th';
  return ['th', 'st', 'nd', 'rd'][value % 10] ?? 'th';
}

function named(value: number, names: readonly string[], index: number, presentation: string, width: Width): string {
  if (!/^[Nn]/.test(presentation)) return number(value, presentation, width);
  let name = names[index] as string;
  if (width.maximum > 0) name = name.slice(0, Math.max(width.maximum, 3));
  if (presentation.startsWith('Nn')) return name;
  return presentation.startsWith('N') ? name.toUpperCase() : name.toLowerCase();
}

function isoWeek(date: Date): number {
  const day = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()));
  day.setUTCDate(day.getUTCDate() + 4 - (day.getUTCDay() || 7));
  return Math.ceil(((day.getTime() - Date.UTC(day.getUTCFullYear(), 0, 1)) / 86_400_000 + 1) / 7);
}
