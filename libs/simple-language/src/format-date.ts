import { ExpressionSyntaxError } from '@sluice/domain';

type DatePart = (date: ZonedDate) => string;

interface ZonedDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  readonly weekday: number;
  readonly offsetMinutes: number;
  readonly zone: string;
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/**
 * Compiles a date pattern of Java's SimpleDateFormat (English names, Gregorian calendar).
 * @param timeZone IANA name, `UTC`, or an offset such as `GMT+01:00`
 * @returns a function from milliseconds since 1970 to text
 * @throws ExpressionSyntaxError for a letter or time zone that is not known
 */
export function compileDateFormat(pattern: string, timeZone = 'UTC'): (time: number) => string {
  const parts = parsePattern(pattern);
  const zoned = zoneFunction(timeZone);
  return (time) => {
    const date = zoned(time);
    let text = '';
    for (const part of parts) text += typeof part === 'string' ? part : part(date);
    return text;
  };
}

function parsePattern(pattern: string): readonly (string | DatePart)[] {
  const parts: (string | DatePart)[] = [];
  let position = 0;
  while (position < pattern.length) {
    const character = pattern[position] as string;
    if (character === "'") {
      const [text, after] = readQuoted(pattern, position);
      parts.push(text);
      position = after;
      continue;
    }
    if (!/[A-Za-z]/.test(character)) {
      parts.push(character);
      position++;
      continue;
    }
    let end = position + 1;
    while (pattern[end] === character) end++;
    parts.push(datePart(character, end - position, pattern));
    position = end;
  }
  return parts;
}

function readQuoted(pattern: string, start: number): [text: string, after: number] {
  if (pattern[start + 1] === "'") return ["'", start + 2];
  let text = '';
  for (let position = start + 1; position < pattern.length; position++) {
    if (pattern[position] !== "'") text += pattern[position];
    else if (pattern[position + 1] === "'") {
      text += "'";
      position++;
    } else return [text, position + 1];
  }
  throw new ExpressionSyntaxError(`The date pattern "${pattern}" has an open quote.`);
}

function datePart(letter: string, count: number, pattern: string): DatePart {
  const number =
    (read: (date: ZonedDate) => number): DatePart =>
    (date) =>
      String(read(date)).padStart(count, '0');
  switch (letter) {
    case 'y':
    case 'Y':
    case 'u':
      if (letter === 'u') return number((date) => (date.weekday === 0 ? 7 : date.weekday));
      return count === 2
        ? (date) => String(date.year % 100).padStart(2, '0')
        : (date) => String(date.year).padStart(count, '0');
    case 'M':
    case 'L':
      if (count >= 4) return (date) => MONTHS[date.month - 1] as string;
      if (count === 3) return (date) => (MONTHS[date.month - 1] as string).slice(0, 3);
      return number((date) => date.month);
    case 'd':
      return number((date) => date.day);
    case 'D':
      return number(
        (date) => Math.floor((Date.UTC(date.year, date.month - 1, date.day) - Date.UTC(date.year, 0, 1)) / 864e5) + 1,
      );
    case 'w':
      return number(weekOfYear);
    case 'H':
      return number((date) => date.hour);
    case 'k':
      return number((date) => date.hour || 24);
    case 'K':
      return number((date) => date.hour % 12);
    case 'h':
      return number((date) => date.hour % 12 || 12);
    case 'm':
      return number((date) => date.minute);
    case 's':
      return number((date) => date.second);
    case 'S':
      return number((date) => date.millisecond);
    case 'a':
      return (date) => (date.hour < 12 ? 'AM' : 'PM');
    case 'E':
      return count >= 4 ? (date) => DAYS[date.weekday] as string : (date) => (DAYS[date.weekday] as string).slice(0, 3);
    case 'G':
      return () => 'AD';
    case 'z':
      return (date) => date.zone;
    case 'Z':
      return (date) => offset(date.offsetMinutes, '');
    case 'X':
      return (date) => {
        if (date.offsetMinutes === 0) return 'Z';
        const text = offset(date.offsetMinutes, count >= 3 ? ':' : '');
        return count === 1 ? text.slice(0, 3) : text;
      };
    default:
      throw new ExpressionSyntaxError(`The date pattern "${pattern}" has the unknown letter "${letter}".`);
  }
}

/** Week as SimpleDateFormat counts it in the US: weeks start on Sunday, the week of 1 January is the first. */
function weekOfYear(date: ZonedDate): number {
  const firstWeekday = new Date(Date.UTC(date.year, 0, 1)).getUTCDay();
  const dayOfYear = Math.floor((Date.UTC(date.year, date.month - 1, date.day) - Date.UTC(date.year, 0, 1)) / 864e5);
  const daysInYear = Math.floor((Date.UTC(date.year + 1, 0, 1) - Date.UTC(date.year, 0, 1)) / 864e5);
  const nextFirstWeekday = new Date(Date.UTC(date.year + 1, 0, 1)).getUTCDay();
  return dayOfYear >= daysInYear - nextFirstWeekday ? 1 : Math.floor((dayOfYear + firstWeekday) / 7) + 1;
}

function offset(minutes: number, separator: string): string {
  const absolute = Math.abs(minutes);
  const hours = String(Math.floor(absolute / 60)).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${hours}${separator}${String(absolute % 60).padStart(2, '0')}`;
}

function zoneFunction(timeZone: string): (time: number) => ZonedDate {
  if (/^(UTC|GMT|Z|Etc\/(UTC|GMT))$/i.test(timeZone))
    return (time) => shifted(time, 0, timeZone === 'Z' ? 'UTC' : timeZone);
  const fixed = /^(?:GMT|UTC)([+-])(\d{1,2})(?::?(\d{2}))?$/i.exec(timeZone);
  if (fixed !== null) {
    const minutes = (Number(fixed[2]) * 60 + Number(fixed[3] ?? 0)) * (fixed[1] === '-' ? -1 : 1);
    return (time) => shifted(time, minutes, timeZone);
  }
  const format = zoneFormat(timeZone);
  return (time) => {
    const fields: Record<string, string> = {};
    for (const part of format.formatToParts(time)) fields[part.type] = part.value;
    const local = Date.UTC(
      Number(fields['year']),
      Number(fields['month']) - 1,
      Number(fields['day']),
      Number(fields['hour']),
      Number(fields['minute']),
      Number(fields['second']),
    );
    const minutes = Math.round((local - Math.floor(time / 1000) * 1000) / 60_000);
    return shifted(time, minutes, fields['timeZoneName'] ?? timeZone);
  };
}

function zoneFormat(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      timeZoneName: 'short',
    });
  } catch {
    throw new ExpressionSyntaxError(`"${timeZone}" is not a known time zone.`);
  }
}

function shifted(time: number, offsetMinutes: number, zone: string): ZonedDate {
  const date = new Date(time + offsetMinutes * 60_000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: date.getUTCMilliseconds(),
    weekday: date.getUTCDay(),
    offsetMinutes,
    zone,
  };
}
