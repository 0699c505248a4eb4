import { readdirSync, readFileSync } from 'node:fs';

export const targets = [
  'certificate-verifier',
  'authorization',
  'key-management',
  'message-log',
  'postgres',
  'nats-server',
] as const;
export type Target = (typeof targets)[number];

/**
 * `killed`: SIGKILL; the stack starts it again. `frozen`: SIGSTOP for less than a lease. `cut off`: SIGSTOP for more than a
 * lease, which to all others is a peer whose packets are lost: connections stay and nothing is answered.
 */
export const faults = ['killed', 'frozen', 'cut off'] as const;
export type Fault = (typeof faults)[number];

export const durationMs: Readonly<Record<Fault, number>> = { killed: 0, frozen: 3_000, 'cut off': 13_000 };

/** A process with all below it: Postgres serves each connection by a process of its own. */
function family(pid: number): number[] {
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

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Does it to every process of the target. @returns what ends it */
export function inflict(fault: Fault, pids: readonly number[]): () => void {
  if (fault === 'killed') {
    signal(pids, 'SIGKILL');
    return () => undefined;
  }
  const all = pids.flatMap(family);
  signal(all, 'SIGSTOP');
  return () => signal(all, 'SIGCONT');
}
