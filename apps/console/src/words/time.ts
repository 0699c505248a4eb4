const units = [
  ['year', 31_536_000_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** `in 3 days`, `2 hours ago`. */
export function distance(time: string, now: number): string {
  const ms = Date.parse(time) - now;
  const [unit, length] = units.find(([, length]) => Math.abs(ms) >= length) ?? ['second', 1_000];
  return relative.format(Math.trunc(ms / length), unit);
}

/** In the viewer's zone, to the second. */
export function local(time: string): string {
  const at = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** In UTC, to the second. */
export function utc(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Between two times: `12 ms`, `3.4 s`, `2 min 5 s`. */
export function lasted(start: string, end: string | undefined): string | undefined {
  return end === undefined ? undefined : duration(Date.parse(end) - Date.parse(start));
}

export function duration(ms: number): string {
  if (ms === 0) return '< 1 ms';
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}
