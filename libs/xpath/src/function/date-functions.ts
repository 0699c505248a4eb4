import { castTo } from '../value/cast-value.js';
import { type DateKind, DateValue, DurationValue } from '../value/date-value.js';
import { Decimal } from '../value/decimal.js';
import {
  type Atomic,
  type Dynamic,
  EMPTY,
  type Sequence,
  UntypedAtomic,
  oneAtomic,
  xpathError,
} from '../value/xpath-value.js';
import { type FunctionEntry, define, optional, textArgument } from './define-function.js';
import { formatDatePicture } from './format-date-picture.js';

function dateArgument(sequence: Sequence | undefined, kind: DateKind): DateValue | null {
  const value = oneAtomic(sequence ?? EMPTY, 'A date');
  if (value === null) return null;
  if (value instanceof DateValue && value.kind === kind) return value;
  if (value instanceof UntypedAtomic || typeof value === 'string') return castTo(value, kind) as DateValue;
  throw xpathError('XPTY0004', `An xs:${kind} is expected.`);
}

function durationArgument(sequence: Sequence | undefined): DurationValue | null {
  const value = oneAtomic(sequence ?? EMPTY, 'A duration');
  if (value === null || value instanceof DurationValue) return value;
  return castTo(value, 'duration') as DurationValue;
}

function now(dynamic: Dynamic): DateValue {
  return new DateValue('dateTime', dynamic.environment.now(), 0);
}

function component(name: string, kind: DateKind, read: (date: DateValue) => Atomic): FunctionEntry {
  return define(name, 1, (_, values) => {
    const value = dateArgument(values[0], kind);
    return value === null ? EMPTY : [read(value)];
  });
}

function durationPart(name: string, read: (duration: DurationValue) => Atomic): FunctionEntry {
  return define(name, 1, (_, values) => {
    const value = durationArgument(values[0]);
    return value === null ? EMPTY : [read(value)];
  });
}

const year = (value: DateValue): Atomic => BigInt(value.date.getUTCFullYear());
const month = (value: DateValue): Atomic => BigInt(value.date.getUTCMonth() + 1);
const day = (value: DateValue): Atomic => BigInt(value.date.getUTCDate());
const hours = (value: DateValue): Atomic => BigInt(value.date.getUTCHours());
const minutes = (value: DateValue): Atomic => BigInt(value.date.getUTCMinutes());
const seconds = (value: DateValue): Atomic =>
  new Decimal(BigInt(value.date.getUTCSeconds() * 1000 + value.date.getUTCMilliseconds()), 3);

function timezone(name: string, kind: DateKind): FunctionEntry {
  return define(name, 1, (_, values) => {
    const zone = dateArgument(values[0], kind)?.zone;
    return zone === null || zone === undefined ? EMPTY : [new DurationValue(0, zone * 60_000, 'dayTimeDuration')];
  });
}

function adjust(name: string, kind: DateKind): FunctionEntry {
  return define(name, [1, 2], (_, values) => {
    const value = dateArgument(values[0], kind);
    if (value === null) return EMPTY;
    if (values[1] === undefined) return [value.withZone(0)];
    const zone = durationArgument(values[1]);
    return [value.withZone(zone === null ? null : Math.round(zone.milliseconds / 60_000))];
  });
}

function format(name: string, kind: DateKind): FunctionEntry {
  return define(name, [2, 5], (_, values) => {
    const value = dateArgument(values[0], kind);
    return value === null ? EMPTY : [formatDatePicture(value, textArgument(values[1]))];
  });
}

export const DATE_FUNCTIONS: readonly FunctionEntry[] = [
  define('current-dateTime', 0, (dynamic) => [now(dynamic)]),
  define('current-date', 0, (dynamic) => [now(dynamic).as('date')]),
  define('current-time', 0, (dynamic) => [now(dynamic).as('time')]),
  define('implicit-timezone', 0, () => [new DurationValue(0, 0, 'dayTimeDuration')]),
  define('dateTime', 2, (_, values) => {
    const [date, time] = [dateArgument(values[0], 'date'), dateArgument(values[1], 'time')];
    if (date === null || time === null) return EMPTY;
    return [new DateValue('dateTime', date.local + (time.local - Date.UTC(1972, 11, 31)), date.zone ?? time.zone)];
  }),
  component('year-from-dateTime', 'dateTime', year),
  component('month-from-dateTime', 'dateTime', month),
  component('day-from-dateTime', 'dateTime', day),
  component('hours-from-dateTime', 'dateTime', hours),
  component('minutes-from-dateTime', 'dateTime', minutes),
  component('seconds-from-dateTime', 'dateTime', seconds),
  component('year-from-date', 'date', year),
  component('month-from-date', 'date', month),
  component('day-from-date', 'date', day),
  component('hours-from-time', 'time', hours),
  component('minutes-from-time', 'time', minutes),
  component('seconds-from-time', 'time', seconds),
  timezone('timezone-from-dateTime', 'dateTime'),
  timezone('timezone-from-date', 'date'),
  timezone('timezone-from-time', 'time'),
  adjust('adjust-dateTime-to-timezone', 'dateTime'),
  adjust('adjust-date-to-timezone', 'date'),
  adjust('adjust-time-to-timezone', 'time'),
  format('format-dateTime', 'dateTime'),
  format('format-date', 'date'),
  format('format-time', 'time'),
  durationPart('years-from-duration', (value) => BigInt(Math.trunc(value.months / 12))),
  durationPart('months-from-duration', (value) => BigInt(value.months % 12)),
  durationPart('days-from-duration', (value) => BigInt(Math.trunc(value.milliseconds / 86_400_000))),
  durationPart('hours-from-duration', (value) => BigInt(Math.trunc(value.milliseconds / 3_600_000) % 24)),
  durationPart('minutes-from-duration', (value) => BigInt(Math.trunc(value.milliseconds / 60_000) % 60)),
  durationPart('seconds-from-duration', (value) => new Decimal(BigInt(value.milliseconds % 60_000), 3)),
  define('parse-ietf-date', 1, (_, values) => {
    const time = Date.parse(textArgument(values[0]));
    if (Number.isNaN(time)) throw xpathError('FORG0010', 'The text is not an IETF date.');
    return optional(new DateValue('dateTime', time, 0));
  }),
];
