/**
 * What may be asked before it is known to be needed. Who is asked in vain pays for it, so what was in vain is bounded:
 * a flood of strangers soon has everybody asked in turn again, which is slower and as right.
 */
export class AheadBudget {
  #left: number;
  #at: number;

  /** @param inVainPerSecond also how many may be under way at once @param now milliseconds of a clock that never goes back */
  constructor(
    private readonly inVainPerSecond: number,
    private readonly now: () => number,
  ) {
    this.#left = inVainPerSecond;
    this.#at = now();
  }

  /** @returns whether it may be asked ahead now; then `needed` is to be called unless it was in vain */
  take(): boolean {
    const now = this.now();
    const grown = this.#left + (Math.max(0, now - this.#at) / 1_000) * this.inVainPerSecond;
    this.#left = Math.min(this.inVainPerSecond, grown);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** What was asked ahead was needed. */
  needed(): void {
    this.#left = Math.min(this.inVainPerSecond, this.#left + 1);
  }
}
