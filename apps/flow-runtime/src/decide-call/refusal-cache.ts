import type { Dependency } from '@sluice/domain';
import { allStand, Grounds, type Ground } from './grounds.js';

/** What a refusal rests on. */
export interface RefusalBasis {
  readonly dependencies: readonly Dependency[];
  /** Sequence of the state stream that the trust list was applied up to when the chain was judged. */
  readonly trustAsOf: number;
}

interface Kept<R> {
  readonly refusal: R;
  readonly grounds: readonly Ground[];
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
  readonly #kept = new Map<string, Kept<R>>();
  readonly #grounds = new Grounds();
  #trustChangedAt = 0;
  #hits = 0;

  /** @param keptMs milliseconds; 0 keeps nothing @param now milliseconds of a clock that never goes back */
  constructor(
    private readonly capacity: number,
    private readonly keptMs: number,
    private readonly now: () => number,
  ) {}

  get size(): number {
    return this.#kept.size;
  }

  get hits(): number {
    return this.#hits;
  }

  get(question: string): R | undefined {
    const kept = this.#kept.get(question);
    if (!kept) return undefined;
    if (this.now() >= kept.keptUntil || kept.trustAsOf < this.#trustChangedAt || !allStand(kept.grounds)) {
      this.#drop(question, kept);
      return undefined;
    }
    this.#hits++;
    return kept.refusal;
  }

  store(question: string, refusal: R, basis: RefusalBasis): void {
    if (this.keptMs === 0 || basis.trustAsOf < this.#trustChangedAt) return;
    const grounds = this.#grounds.hold(basis.dependencies);
    if (!grounds) return;
    const before = this.#kept.get(question);
    if (before) this.#drop(question, before);
    this.#kept.set(question, { refusal, grounds, trustAsOf: basis.trustAsOf, keptUntil: this.now() + this.keptMs });
    if (this.#kept.size <= this.capacity) return;
    // All are kept for the same time: the one stored first ends first.
    for (const [oldest, kept] of this.#kept) {
      this.#drop(oldest, kept);
      break;
    }
  }

  changed(key: string, sequence: number): void {
    this.#grounds.changed(key, sequence);
    if (isTrustRecord(key) && sequence > this.#trustChangedAt) this.#trustChangedAt = sequence;
  }

  clear(): void {
    this.#kept.clear();
    this.#grounds.clear();
    this.#trustChangedAt = 0;
  }

  #drop(question: string, kept: Kept<R>): void {
    this.#kept.delete(question);
    this.#grounds.release(kept.grounds);
  }
}
