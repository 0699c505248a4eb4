import { signalFamily } from '@sluice/embedded-servers';

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

/** Does it to every process of the target. @returns what ends it */
export function inflict(fault: Fault, pids: readonly number[]): () => void {
  const signal = (name: NodeJS.Signals) => pids.forEach((pid) => signalFamily(pid, name));
  if (fault === 'killed') {
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    return () => undefined;
  }
  signal('SIGSTOP');
  return () => signal('SIGCONT');
}
