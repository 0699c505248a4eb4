import { RepairState, type RepairStateOptions } from './repair-state.js';
import type { Shell } from './run-service.js';

/** 200 records a second, and a minute of rest after each pass: it goes on all the time and nobody notices. */
const recordsPerSecond = 200;
const restBetweenPassesMs = 60_000;

export type KeepRepairingOptions = Omit<RepairStateOptions, 'recordsPerSecond' | 'pause' | 'log'>;

/** Holds the state stream against Postgres pass after pass, while this process is the one to do it. */
export function keepRepairing(shell: Shell, options: KeepRepairingOptions): { stop(): void } {
  let stopped = false;
  let wake: () => void = () => undefined;
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, stopped ? 0 : ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const goesOn = () => !stopped && options.goesOn();
  const repair = new RepairState({ ...options, goesOn, pause, recordsPerSecond, log: shell.log });
  shell.metrics.counted(
    'sluice_state_compared_total',
    'Records of the state stream that were held against Postgres.',
    () => repair.compared,
  );
  shell.metrics.counted(
    'sluice_state_repaired_total',
    'Records of the state stream that differed from Postgres and were put right. Alarm on any.',
    () => repair.repaired,
  );
  shell.metrics.gauge(
    'sluice_state_differing',
    'Records that differed from Postgres in the last pass and could not be put right. Alarm on any.',
    () => repair.differing,
  );
  const run = async () => {
    while (!stopped) {
      await pause(restBetweenPassesMs);
      if (!goesOn()) continue;
      await repair
        .execute()
        .catch((error: unknown) => shell.onFault(error, 'holding the state stream against Postgres'));
    }
  };
  void run();
  return {
    stop: () => {
      stopped = true;
      wake();
    },
  };
}
