export type DateKind = 'dateTime' | 'date' | 'time' | 'gYear' | 'gYearMonth' | 'gMonth' | 'gMonthDay' | 'gDay';

const ZONE = '(Z|[+-](?:0\\d|1[0-4]):[0-5]\\d)?';
const DATE = '(-?\\d{4,9})-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])';
const TIME = '([01]\\d|2[0-4]):([0-5]\\d):([0-5]\\d(?:\\.\\d+)?)';
const DATE_TIME = new RegExp(`^${DATE}T${TIME}${ZONE}$`);
const DATE_ONLY = new RegExp(`^${DATE}${ZONE}$`);
const TIME_ONLY = new RegExp(`^${TIME}${ZONE}$`);
const G_YEAR = new RegExp(`^(-?\\d{4,9})${ZONE}$`);
const G_YEAR_MONTH = new RegExp(`^(-?\\d{4,9})-(0[1-9]|1[0-2])${ZONE}$`);

/** A date or time with its time zone, kept as the local fields it was written with. */
export class DateValue {
  readonly kind: DateKind;
  /** The local fields as if they were UTC, in milliseconds since 1970. */
  readonly local: number;
  /** Minutes east of UTC, or null when none was given. */
  readonly zone: number | null;

  constructor(kind: DateKind, local: number, zone: number | null) {
    this.kind = kind;
    this.local = local;
    this.zone = zone;
  }

  static parse(kind: DateKind, text: string): DateValue | null {
    const trimmed = text.trim();
    if (kind === 'dateTime') {
      const match = DATE_TIME.exec(trimmed);
      if (match === null) return null;
      const local = localTime(match[1], match[2], match[3], match[4], match[5], match[6]);
      return local === null ? null : new DateValue(kind, local, zoneOf(match[7]));
    }
    if (kind === 'date') {
      const match = DATE_ONLY.exec(trimmed);
      if (match === null) return null;
      const local = localTime(match[1], match[2], match[3], '0', '0', '0');
      return local === null ? null : new DateValue(kind, local, zoneOf(match[4]));
    }
    if (kind === 'time') {
      const match = TIME_ONLY.exec(trimmed);
      if (match === null) return null;
      const local = localTime('1972', '12', '31', match[1], match[2], match[3]);
      if (local === null) return null;
      // 24:00:00 is the midnight a day begins with, and no other time has an hour 24.
      return new DateValue(kind, match[1] === '24' ? local - 86_400_000 : local, zoneOf(match[4]));
    }
    const match = (kind === 'gYear' ? G_YEAR : G_YEAR_MONTH).exec(trimmed);
    if (match === null || (kind !== 'gYear' && kind !== 'gYearMonth')) return null;
    const local = localTime(match[1], kind === 'gYear' ? '1' : match[2], '1', '0', '0', '0');
    return local === null ? null : new DateValue(kind, local, zoneOf(kind === 'gYear' ? match[2] : match[3]));
  }

  /** A moment, for comparison; a missing zone counts as UTC, the implicit time zone here. */
  toMilliseconds(): number {
    return this.local - (this.zone ?? 0) * 60_000;
  }

  get date(): Date {
    return new Date(this.local);
  }

  as(kind: DateKind): DateValue {
    const day = 86_400_000;
    if (kind === 'date') return new DateValue(kind, Math.floor(this.local / day) * day, this.zone);
    if (kind === 'time')
      return new DateValue(kind, Date.UTC(1972, 11, 31) + (((this.local % day) + day) % day), this.zone);
    if (kind === 'gYear') return new DateValue(kind, Date.UTC(this.date.getUTCFullYear(), 0, 1), this.zone);
    if (kind === 'gYearMonth')
      return new DateValue(kind, Date.UTC(this.date.getUTCFullYear(), this.date.getUTCMonth(), 1), this.zone);
    return new DateValue(kind, this.local, this.zone);
  }

  /** @param zone minutes east of UTC, or null to drop it; the moment stays the same when there was one */
  withZone(zone: number | null): DateValue {
    if (zone === null || this.zone === null) return new DateValue(this.kind, this.local, zone);
    const moved = new DateValue(this.kind, this.local + (zone - this.zone) * 60_000, zone);
    return this.kind === 'date' ? moved.as('date') : this.kind === 'time' ? moved.as('time') : moved;
  }

  add(duration: DurationValue, sign: 1 | -1): DateValue {
    let local = this.local;
    if (duration.months !== 0) {
      const date = new Date(local);
      const day = date.getUTCDate();
      date.setUTCDate(1);
      date.setUTCMonth(date.getUTCMonth() + sign * duration.months);
      const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
      date.setUTCDate(Math.min(day, lastDay));
      local = date.getTime();
    }
    const moved = new DateValue(this.kind, local + sign * duration.milliseconds, this.zone);
    return this.kind === 'date' || this.kind === 'time' ? moved.as(this.kind) : moved;
  }

  toString(): string {
    const date = this.date;
    const two = (value: number): string => String(value).padStart(2, '0');
    const year = date.getUTCFullYear();
    const yearText = `${year < 0 ? '-' : ''}${String(Math.abs(year)).padStart(4, '0')}`;
    const day = `${yearText}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
    const milliseconds = date.getUTCMilliseconds();
    const fraction = milliseconds === 0 ? '' : `.${String(milliseconds).padStart(3, '0').replace(/0+$/, '')}`;
    const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}${fraction}`;
    const zone = zoneText(this.zone);
    switch (this.kind) {
      case 'date':
        return day + zone;
      case 'time':
        return time + zone;
      case 'gYear':
        return yearText + zone;
      case 'gYearMonth':
        return day.slice(0, -3) + zone;
      default:
        return `${day}T${time}${zone}`;
    }
  }
}

export function zoneText(zone: number | null): string {
  if (zone === null) return '';
  if (zone === 0) return 'Z';
  const absolute = Math.abs(zone);
  return `${zone < 0 ? '-' : '+'}${String(Math.floor(absolute / 60)).padStart(2, '0')}:${String(absolute % 60).padStart(2, '0')}`;
}

function zoneOf(text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  if (text === 'Z') return 0;
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(4, 6));
  return text.startsWith('-') ? -minutes : minutes;
}

function localTime(
  year: string | undefined,
  month: string | undefined,
  day: string | undefined,
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
): number | null {
  const seconds = Number(second);
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCMonth() !== Number(month) - 1) return null;
  if (Number(hour) === 24 && (Number(minute) !== 0 || seconds !== 0)) return null;
  const local = date.getTime() + Number(hour) * 3_600_000 + Number(minute) * 60_000 + Math.round(seconds * 1000);
  return Number.isFinite(local) ? local : null;
}

const DURATION =
  /^(-)?P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12}(?:\.\d+)?)S)?)?$/;

/** An xs:duration, xs:yearMonthDuration or xs:dayTimeDuration. */
export class DurationValue {
  readonly months: number;
  readonly milliseconds: number;
  readonly kind: 'duration' | 'yearMonthDuration' | 'dayTimeDuration';

  constructor(months: number, milliseconds: number, kind: DurationValue['kind']) {
    this.months = months;
    this.milliseconds = milliseconds;
    this.kind = kind;
  }

  static parse(text: string, kind: DurationValue['kind']): DurationValue | null {
    const trimmed = text.trim();
    const match = DURATION.exec(trimmed);
    if (match === null || /[PT]$/.test(trimmed)) return null;
    const sign = match[1] === '-' ? -1 : 1;
    const number = (index: number): number => Number(match[index] ?? 0);
    const months = sign * (number(2) * 12 + number(3));
    const milliseconds = sign * Math.round((((number(4) * 24 + number(5)) * 60 + number(6)) * 60 + number(7)) * 1000);
    if (kind === 'yearMonthDuration' && milliseconds !== 0) return null;
    if (kind === 'dayTimeDuration' && months !== 0) return null;
    return new DurationValue(months, milliseconds, kind);
  }

  toString(): string {
    const negative = this.months < 0 || this.milliseconds < 0;
    const months = Math.abs(this.months);
    let rest = Math.abs(this.milliseconds);
    let text = `${negative ? '-' : ''}P`;
    if (months >= 12) text += `${Math.floor(months / 12)}Y`;
    if (months % 12 > 0) text += `${months % 12}M`;
    const days = Math.floor(rest / 86_400_000);
    rest -= days * 86_400_000;
    if (days > 0) text += `${days}D`;
    if (rest > 0) {
      text += 'T';
      const hours = Math.floor(rest / 3_600_000);
      const minutes = Math.floor((rest % 3_600_000) / 60_000);
      const seconds = (rest % 60_000) / 1000;
      if (hours > 0) text += `${hours}H`;
      if (minutes > 0) text += `${minutes}M`;
      if (seconds > 0) text += `${seconds}S`;
    }
    if (/P$/.test(text)) return this.kind === 'yearMonthDuration' ? 'P0M' : 'PT0S';
    return text;
  }
}
