/**
 * What may be asked before it is known to be needed. A question that was not needed costs whoever is asked, so these are bounded:
 * a flood of strangers soon has everybody asked in turn again, which is slower and as right.
 */
export class AheadBudget {
  #left: number;
  #at: number;

  /** @param wastedPerSecond also how many may be under way at once @param now milliseconds of a clock that never goes back */
  constructor(
    private readonly wastedPerSecond: number,
    private readonly now: () => number,
  ) {
    this.#left = wastedPerSecond;
    this.#at = now();
  }

  /** @returns whether it may be asked ahead now; then `needed` is to be called unless the answer was not needed */
  take(): boolean {
    const now = this.now();
    const grown = this.#left + (Math.max(0, now - this.#at) / 1_000) * this.wastedPerSecond;
    this.#left = Math.min(this.wastedPerSecond, grown);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** What was asked ahead was needed. */
  needed(): void {
    this.#left = Math.min(this.wastedPerSecond, this.#left + 1);
  }
}
