import type { Dependency } from '@sluice/domain';
import { allStand, Grounds, type Ground } from './grounds.js';

interface Kept<A> {
  readonly answer: A;
  readonly grounds: readonly Ground[];
}

/**
 * Answers by the name of their question. Each falls with the first change of a record it rests on. Bounded: the one that was
 * stored first makes room.
 */
export class GroundedAnswers<A> {
  readonly #kept = new Map<string, Kept<A>>();
  readonly #grounds = new Grounds();

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.#kept.size;
  }

  /** @returns an answer that stands */
  get(name: string): A | undefined {
    const kept = this.#kept.get(name);
    if (!kept || allStand(kept.grounds)) return kept?.answer;
    this.drop(name);
    return undefined;
  }

  /** Keeps it in place of the one before, unless a newer record than one it rests on is known. */
  store(name: string, answer: A, dependencies: readonly Dependency[]): void {
    const grounds = this.#grounds.hold(dependencies);
    if (!grounds) return;
    this.drop(name);
    this.#kept.set(name, { answer, grounds });
    if (this.#kept.size <= this.capacity) return;
    for (const oldest of this.#kept.keys()) {
      this.drop(oldest);
      break;
    }
  }

  drop(name: string): void {
    const kept = this.#kept.get(name);
    if (!kept) return;
    this.#kept.delete(name);
    this.#grounds.release(kept.grounds);
  }

  changed(key: string, sequence: number): void {
    this.#grounds.changed(key, sequence);
  }

  clear(): void {
    this.#kept.clear();
    this.#grounds.clear();
  }
}
