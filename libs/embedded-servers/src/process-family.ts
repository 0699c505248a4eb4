import { readdirSync, readFileSync } from 'node:fs';

/** A process with all below it: Postgres serves each connection by a process of its own. */
export function processFamily(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = parentOf(Number(entry));
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const found = [pid];
  for (const each of found) found.push(...(children.get(each) ?? []));
  return found;
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]);
  } catch {
    // It ended while the list was read.
    return undefined;
  }
}

/** Sends a signal to a process and all below it; those that have ended are left out. */
export function signalFamily(pid: number, name: NodeJS.Signals): void {
  for (const each of processFamily(pid)) {
    try {
      process.kill(each, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
