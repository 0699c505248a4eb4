export interface SenderLimitSettings {
  /** On the average; 0: no limit. */
  readonly requestsPerSecond: number;
  /** So many at once of a sender that was quiet before. */
  readonly burst: number;
  /** Under way at once; 0: no limit. */
  readonly concurrentMessages: number;
}

export type SenderLimit = 'rate' | 'concurrency';

/** What a request would exceed, with the fields of draft-ietf-httpapi-ratelimit-headers-10 that tell of it. */
export interface ExceededLimit {
  readonly limit: SenderLimit;
  readonly retryAfterSeconds: number;
  /** `RateLimit`. */
  readonly rateLimit: string;
  readonly detail: string;
}

/** So many owners are remembered in each of the two generations. */
const maximumOwners = 100_000;

/**
 * How many requests and messages each sender may have in this runtime. The rate is that of a leaky bucket as a meter (GCRA, ITU-T I.371): one number for each
 * owner, the time at which its bucket is empty, and no timer. Owners that sent nothing for as long as a whole bucket takes to empty are forgotten, which
 * changes nothing for them; of more than {@link maximumOwners} within that time, those that were quiet longest.
 */
export class SenderLimits {
  /** `RateLimit-Policy`. */
  readonly policy: string;
  readonly countsMessages: boolean;
  /** Between two requests at the rate, in milliseconds; 0 without a limit. */
  readonly #interval: number;
  /** Time in which a full bucket empties, in milliseconds. */
  readonly #whole: number;
  /** When the bucket of each owner is empty, in milliseconds of the clock: those that sent since the last turn, and those before. */
  #recent = new Map<string, number>();
  #before = new Map<string, number>();
  #turnedAt: number;
  readonly #underWay = new Map<string, number>();

  /** @param now monotonic, in milliseconds */
  constructor(
    private readonly settings: SenderLimitSettings,
    private readonly now: () => number,
    private readonly owners = maximumOwners,
  ) {
    const { requestsPerSecond, burst, concurrentMessages } = settings;
    this.countsMessages = concurrentMessages > 0;
    this.#interval = requestsPerSecond > 0 ? 1_000 / requestsPerSecond : 0;
    this.#whole = this.#interval * burst;
    this.#turnedAt = now();
    const policies: string[] = [];
    if (this.#interval > 0)
      policies.push(`"requests";q=${Math.max(burst, requestsPerSecond)};w=${Math.ceil(this.#whole / 1_000)}`);
    if (this.countsMessages) policies.push(`"messages";q=${concurrentMessages};qu="concurrent-requests"`);
    this.policy = policies.join(', ');
  }

  /** Owners something is kept of. */
  get remembered(): number {
    return this.#recent.size + this.#before.size + this.#underWay.size;
  }

  /**
   * Counts a request.
   * @returns undefined when it goes on; with {@link countsMessages} it must {@link leave} then
   */
  enter(owner: string): ExceededLimit | undefined {
    if (this.#interval > 0) {
      const waitMs = this.#waitOf(owner);
      if (waitMs > 0) {
        const seconds = Math.ceil(waitMs / 1_000);
        return {
          limit: 'rate',
          retryAfterSeconds: seconds,
          rateLimit: `"requests";r=0;t=${seconds}`,
          detail: `More than ${this.settings.requestsPerSecond} requests a second, or than ${this.settings.burst} at once, came from this sender.`,
        };
      }
    }
    if (!this.countsMessages) return undefined;
    const { concurrentMessages } = this.settings;
    const underWay = this.#underWay.get(owner) ?? 0;
    if (underWay >= concurrentMessages)
      return {
        limit: 'concurrency',
        // Nobody knows when one of them ends.
        retryAfterSeconds: 1,
        rateLimit: '"messages";r=0',
        detail: `This sender has ${concurrentMessages} messages under way already.`,
      };
    this.#underWay.set(owner, underWay + 1);
    return undefined;
  }

  /** A message that entered is over. */
  leave(owner: string): void {
    const underWay = (this.#underWay.get(owner) ?? 0) - 1;
    if (underWay > 0) this.#underWay.set(owner, underWay);
    else this.#underWay.delete(owner);
  }

  /** @returns 0: it was counted; else in how many milliseconds one would be */
  #waitOf(owner: string): number {
    const now = this.now();
    if (now - this.#turnedAt >= this.#whole || this.#recent.size >= this.owners) {
      this.#before = this.#recent;
      this.#recent = new Map();
      this.#turnedAt = now;
    }
    const emptyAt = Math.max(this.#recent.get(owner) ?? this.#before.get(owner) ?? now, now);
    // A bucket that has room for one but for the rounding of a division has room for one.
    const waitMs = emptyAt + this.#interval - this.#whole - now;
    if (waitMs > 1e-6) return waitMs;
    this.#recent.set(owner, emptyAt + this.#interval);
    return 0;
  }
}
