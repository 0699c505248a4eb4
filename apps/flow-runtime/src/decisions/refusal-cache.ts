import type { Dependency } from '@sluice/domain';
import { GroundedAnswers } from './grounded-answers.js';

/** What a refusal rests on. */
export interface RefusalBasis {
  readonly dependencies: readonly Dependency[];
  /** Sequence of the state stream that the trust list was applied up to when the chain was judged. */
  readonly trustAsOf: number;
}

interface Kept<R> {
  readonly refusal: R;
  readonly trustAsOf: number;
  readonly keptUntil: number;
}

/** Whether a record belongs to the trust list: any of them, one that is added too, may complete a chain. */
export function isTrustRecord(key: string): boolean {
  return key.startsWith('root.') || key.startsWith('ca.');
}

/**
 * Refusals, kept for a moment and apart from the permits, so that a flood of unknown certificates neither pushes those out
 * nor asks the verifiers again and again. A refusal falls with the first change that could end it: of a record that was
 * looked at, present or not, or of the trust list. What can end it by the clock alone is bounded by the short time it is kept.
 */
export class RefusalCache<R> {
  readonly #kept: GroundedAnswers<Kept<R>>;
  #trustChangedAt = 0;
  #hits = 0;

  /** @param keptMs milliseconds; 0 keeps nothing @param now milliseconds of a clock that never goes back */
  constructor(
    capacity: number,
    private readonly keptMs: number,
    private readonly now: () => number,
  ) {
    // All are kept for the same time: the one stored first ends first.
    this.#kept = new GroundedAnswers(capacity);
  }

  get size(): number {
    return this.#kept.size;
  }

  get hits(): number {
    return this.#hits;
  }

  get(question: string): R | undefined {
    const kept = this.#kept.get(question);
    if (!kept) return undefined;
    if (this.now() >= kept.keptUntil || kept.trustAsOf < this.#trustChangedAt) {
      this.#kept.drop(question);
      return undefined;
    }
    this.#hits++;
    return kept.refusal;
  }

  store(question: string, refusal: R, basis: RefusalBasis): void {
    if (this.keptMs === 0 || basis.trustAsOf < this.#trustChangedAt) return;
    const { dependencies, trustAsOf } = basis;
    this.#kept.store(question, { refusal, trustAsOf, keptUntil: this.now() + this.keptMs }, dependencies);
  }

  changed(key: string, sequence: number): void {
    this.#kept.changed(key, sequence);
    // Stryker disable next-line EqualityOperator: the same sequence once more changes nothing
    if (isTrustRecord(key) && sequence > this.#trustChangedAt) this.#trustChangedAt = sequence;
  }

  clear(): void {
    this.#kept.clear();
    this.#trustChangedAt = 0;
  }
}
