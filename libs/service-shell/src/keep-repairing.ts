import { RepairState, type RepairStateOptions } from './repair-state.js';
import type { Shell } from './shell.js';

/** A minute of rest after each pass: it goes on all the time and nobody notices. */
const recordsPerSecond = 200;
const restBetweenPassesMs = 60_000;

/** For the pass that is made at once. */
const recordsPerSecondAtOnce = 2_000;
const tryAgainMs = 1_000;

export type KeepRepairingOptions = Omit<RepairStateOptions, 'recordsPerSecond' | 'pause' | 'log'>;

export interface Repairing {
  /**
   * To be called when another run of the server, or another leader, answers for the stream: a torn block can have taken what is in no list
   * of acknowledgements, for the stream was filled with it. Whoever rests on such a record is refused until it is back, so this pass is fast.
   */
  atOnce(): void;
  stop(): void;
}

/** Holds the state stream against Postgres pass after pass, while this process is the one to do it. */
export function keepRepairing(
  { log, metrics, onFault }: Pick<Shell, 'log' | 'metrics' | 'onFault'>,
  options: KeepRepairingOptions,
): Repairing {
  let stopped = false;
  let wanted = false;
  let fast = false;
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
  const repair = new RepairState({
    ...options,
    goesOn,
    pause,
    recordsPerSecond: () => (fast || wanted ? recordsPerSecondAtOnce : recordsPerSecond),
    log,
  });
  metrics.counted(
    'sluice_state_compared_total',
    'Records of the state stream that were held against Postgres.',
    () => repair.compared,
  );
  metrics.counted(
    'sluice_state_repaired_total',
    'Records of the state stream that differed from Postgres and were put right. Alarm on any.',
    () => repair.repaired,
  );
  metrics.gauge(
    'sluice_state_differing',
    'Records that differed from Postgres in the last pass and could not be put right. Alarm on any.',
    () => repair.differing,
  );
  const run = async () => {
    while (!stopped) {
      if (!wanted) await pause(restBetweenPassesMs);
      else if (!goesOn()) await pause(tryAgainMs);
      if (!goesOn()) continue;
      fast = wanted;
      wanted = false;
      try {
        await repair.execute();
      } catch (error) {
        onFault(error, 'holding the state stream against Postgres');
        wanted ||= fast;
        await pause(tryAgainMs);
      }
    }
  };
  void run();
  return {
    atOnce: () => {
      wanted = true;
      wake();
    },
    stop: () => {
      stopped = true;
      wake();
    },
  };
}
