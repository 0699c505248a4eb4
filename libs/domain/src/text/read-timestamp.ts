const written =
  /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d{2}):(\d{2})))?$/;

/** How a time is written, for whoever wrote another. */
export const timestampForm =
  'a time of the calendar in ISO 8601 with its zone: 2026-02-28T12:00:00Z, or a date (of UTC)';

/**
 * Reads a time in ISO 8601: a date, or date and time with a zone.
 * @returns epoch milliseconds, or undefined for another form and for what no calendar or clock shows (30 February, 25:00)
 */
export function readTimestamp(text: string): number | undefined {
  const match = written.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((digits) => Number(digits ?? '0')) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [, , , , , , , fraction = '', sign, zoneHour = '0', zoneMinute = '0'] = match;
  if (hour > 23 || minute > 59 || second > 59 || Number(zoneHour) > 23 || Number(zoneMinute) > 59 || year === 0)
    return undefined;
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  if (local.getUTCMonth() !== month - 1 || local.getUTCDate() !== day) return undefined;
  local.setUTCHours(hour, minute, second, Number(fraction.slice(0, 3).padEnd(3, '0')));
  const offset = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000;
  return local.getTime() - (sign === '-' ? -offset : offset);
}
