import { stateWriters, type StatePrefix } from '@sluice/contracts';
import {
  ClockComparison,
  maxClockDeviationMs,
  RecordReader,
  StateBucket,
  StateFollower,
  StateLease,
  StatePublisher,
} from '@sluice/messaging';
import { followRecordKeys } from './follow-record-keys.js';
import type { Metrics } from './metrics/metrics.js';
import type { Shell } from './shell.js';

const fileCheckMs = 1_000;

export interface FollowStateOptions {
  readonly holds: readonly StatePrefix[];
  /** File with the public keys (PEM, one after the other) whose signatures on records are believed. */
  readonly recordKeysFile: string;
  readonly capacity?: number;
  /** Whether it decides by what it remembers of the stream: then it writes a lease into it, and renews it. */
  readonly leases?: boolean;
}

export interface FollowedState {
  readonly follower: StateFollower;
  readonly bucket: StateBucket;
  readonly reader: RecordReader;
}

/** A follower of the state bucket, to be started by who has registered what listens to it. It ends with the service. */
export async function openState(shell: Shell, options: FollowStateOptions): Promise<FollowedState> {
  const bucket = await StateBucket.open(shell.connection);
  const reader = new RecordReader(followRecordKeys(options.recordKeysFile, shell.onFault));
  const now = () => performance.now();
  const clocks = new ClockComparison(shell.service in stateWriters ? shell.service : undefined, () => Date.now());
  const follower = new StateFollower({
    connection: shell.connection,
    bucket,
    now,
    ...(options.leases
      ? { lease: new StateLease({ bucket, publisher: new StatePublisher(shell.connection, bucket), now }) }
      : {}),
    reader,
    clocks,
    holds: options.holds,
    ...(options.capacity === undefined ? {} : { capacity: options.capacity }),
    onFault: shell.onFault,
  });
  addFollowerMetrics(shell.metrics, follower);
  addClockMetrics(shell.metrics, clocks);
  shell.metrics.gauge(
    'sluice_record_key',
    'Keys by id whose signature on records this process believes: 1; 0: not any more, but what rests on it may not be forgotten yet.',
    () => [
      ...reader.keyIds.map((id) => [{ id }, 1] as const),
      ...follower.distrusted.map((id) => [{ id }, 0] as const),
    ],
    ['id'],
  );
  let wrong = false;
  const timer = setInterval(() => {
    void reader.check();
    if (clocks.wrong !== wrong) {
      wrong = clocks.wrong;
      if (wrong) shell.log.error({ others: clocks.others }, `${clocks.describe()}; nothing is decided or issued by it`);
      else shell.log.info({ others: clocks.others }, 'the clock of this process is right again');
    }
  }, fileCheckMs);
  shell.onShutdown(() => {
    clearInterval(timer);
    follower.stop();
  });
  return { follower, bucket, reader };
}

function addFollowerMetrics(metrics: Metrics, follower: StateFollower): void {
  let lastChange = 0;
  let changes = 0;
  follower.onChange(() => {
    lastChange = Date.now();
    changes++;
  });
  metrics.gauge('sluice_state_ready', '1 when in step with a complete state stream.', () => (follower.ready ? 1 : 0));
  metrics.gauge(
    'sluice_state_sequence',
    'Sequence of the state stream that is applied.',
    () => follower.position?.sequence ?? 0,
  );
  metrics.gauge(
    'sluice_state_staleness_seconds',
    'Time since the state stream was known to be followed to its end.',
    () =>
      Number.isFinite(follower.currentAsOf)
        ? (performance.now() - follower.currentAsOf) / 1_000
        : performance.now() / 1_000,
  );
  metrics.gauge(
    'sluice_state_last_change_seconds',
    'When the last change was applied, seconds since 1970; 0: none yet.',
    () => lastChange / 1_000,
  );
  metrics.counted(
    'sluice_state_changes_total',
    'Changes of the state stream that were applied one by one.',
    () => changes,
  );
}

function addClockMetrics(metrics: Metrics, clocks: ClockComparison): void {
  metrics.gauge(
    'sluice_clock_ahead_seconds',
    'By how much another clock is ahead of that of this process: of the bus, or of a writing service.',
    () => clocks.others.map(({ clock, aheadMs }) => [{ clock }, aheadMs / 1_000] as const),
    ['clock'],
  );
  metrics.gauge(
    'sluice_clock_deviation_seconds',
    `By how much the clock of this process is ahead of the median of all; beyond ${maxClockDeviationMs / 1_000} s nothing is decided or issued by it.`,
    () => clocks.deviationMs / 1_000,
  );
}

/** One sentence when the follower is not ready. */
export function stateNotReady(follower: StateFollower): string[] {
  if (follower.ready) return [];
  if (follower.clocks?.wrong) return [follower.clocks.describe()];
  const missing = follower.missingWriters;
  if (follower.loss !== undefined) return [`the state stream is being made anew: ${follower.loss}`];
  const unconfirmed = follower.unconfirmedWriters;
  if (follower.position && missing.length === 0 && unconfirmed.length > 0)
    return [`the state stream is not confirmed by ${unconfirmed.join(', ')}`];
  if (!follower.position || missing.length === 0) return ['it is not in step with the state stream'];
  return [`the state stream is not complete: ${missing.join(', ')} has not put its records into it`];
}
