/** One clock beside this process's own, and by how many milliseconds it is ahead of it. */
export interface OtherClock {
  /** `bus`, or the writing service that told its time. */
  readonly clock: string;
  readonly aheadMs: number;
}

/**
 * Certificates are dated back by a minute when they are issued, so clocks that differ by less refuse nobody. Two that are within
 * half of it from the median differ by no more than that.
 */
export const maxClockDeviationMs = 30_000;

/** So many of the newest samples of a clock are looked at: some three seconds. What came late makes some of them worse, none better. */
const samplesKept = 8;

/** A service that is not there any more has no clock. */
const forgottenAfterMs = 15_000;

/**
 * Holds this process's wall clock against those of the bus and of the writing services. Each of these writes its time into the state stream once a
 * second, and the bus stamps it with its own: so clocks are compared without a question to anybody. The median of
 * all is taken for the time: a process that is further from it than `maxDeviationMs` has a wrong clock, and judges by it
 * no certificate and issues none.
 */
export class ClockComparison {
  /** The bus's clock against this process's own. */
  readonly #ofBus: number[] = [];
  /** Those of the writing services against the bus's: they stay true when this process's own clock is set. */
  readonly #ofServices = new Map<string, { readonly samples: number[]; heardAt: number }>();
  #deviationMs = 0;

  constructor(
    /** Which of the writing services this process belongs to: its time is this process's own, or of another of its kind. */
    private readonly own: string | undefined,
    /** Milliseconds since 1970, of this process's wall clock. */
    private readonly wallNow: () => number,
    private readonly maxDeviationMs = maxClockDeviationMs,
    /** Milliseconds of a clock that never goes back. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * A writing service's confirmation came, live.
   * @param stampedMs when the bus took it, by the bus's clock
   * @param toldMs what the service's clock showed when it wrote it; undefined: of a version that does not tell
   */
  heard(service: string, stampedMs: number, toldMs: number | undefined): void {
    if (!Number.isFinite(stampedMs)) return;
    keep(this.#ofBus, stampedMs - this.wallNow());
    if (toldMs !== undefined && service !== this.own) {
      const known = this.#ofServices.get(service) ?? { samples: [], heardAt: 0 };
      keep(known.samples, toldMs - stampedMs);
      known.heardAt = this.now();
      this.#ofServices.set(service, known);
    }
    this.#deviationMs = -median([0, ...this.others.map(({ aheadMs }) => aheadMs)]);
  }

  /** The clocks that were heard of. */
  get others(): OtherClock[] {
    if (this.#ofBus.length === 0) return [];
    const bus = nearestToZero(this.#ofBus);
    const services = Array.from(this.#ofServices)
      .filter(([, { heardAt }]) => this.now() - heardAt <= forgottenAfterMs)
      .map(([clock, { samples }]) => ({ clock, aheadMs: bus + nearestToZero(samples) }));
    return [{ clock: 'bus', aheadMs: bus }, ...services];
  }

  /** By how many milliseconds this process's clock is ahead of the median. */
  get deviationMs(): number {
    return this.#deviationMs;
  }

  /** Nothing may be judged by this process's clock. */
  get wrong(): boolean {
    return Math.abs(this.#deviationMs) > this.maxDeviationMs;
  }

  /** One sentence for who has to set it. */
  describe(): string {
    const seconds = Math.round(Math.abs(this.#deviationMs) / 1_000);
    const others = this.others.map(({ clock, aheadMs }) => `${clock} ${signed(aheadMs)} s`).join(', ');
    return `the clock of this process is ${seconds} s ${this.#deviationMs > 0 ? 'ahead of' : 'behind'} the others (against it: ${others}); synchronize it (NTP)`;
  }
}

function keep(samples: number[], sample: number): void {
  if (samples.push(sample) > samplesKept) samples.shift();
}

/** A message that was held up makes its sender look late: the least difference comes nearest to the truth. */
function nearestToZero(samples: readonly number[]): number {
  return samples.reduce((least, sample) => (Math.abs(sample) < Math.abs(least) ? sample : least));
}

function signed(ms: number): string {
  const seconds = (ms / 1_000).toFixed(1);
  return ms < 0 ? seconds : `+${seconds}`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}
