const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** `2026-12-01 14:00:00Z (in 2 d)`: absolute in UTC, and how far off. */
export function timeForPeople(time: string | undefined, now: number): string | undefined {
  if (time === undefined) return undefined;
  const at = Date.parse(time);
  if (Number.isNaN(at)) return time;
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}Z (${distance(at - now)})`;
}

function distance(ms: number): string {
  const size = Math.abs(ms);
  const [unit, length] = units.find(([, length]) => size >= length) ?? ['s', 1_000];
  const count = `${Math.floor(size / length)} ${unit}`;
  return ms >= 0 ? `in ${count}` : `${count} ago`;
}
