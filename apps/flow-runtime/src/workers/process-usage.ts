import { readFileSync } from 'node:fs';

/** Linux counts CPU time in these, whatever its kernel's own clock is. */
const ticksPerSecond = 100;
const pageBytes = 4_096;

/** CPU time that a process has used, in milliseconds; undefined where the system does not tell, or the process is gone. */
export function cpuMsOf(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name of the program stands in parentheses and may hold blanks: fields are counted behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? (ticks * 1_000) / ticksPerSecond : undefined;
}

/** Memory that a process has in use, in octets; undefined where the system does not tell. */
export function residentBytesOf(pid: number): number | undefined {
  const pages = Number(read(`/proc/${pid}/statm`)?.split(' ')[1]);
  return Number.isFinite(pages) ? pages * pageBytes : undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
