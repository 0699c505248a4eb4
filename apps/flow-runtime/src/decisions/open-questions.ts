import type { Dependency } from '@sluice/domain';
import { isTrustRecord, type RefusalBasis } from './refusal-cache.js';

/** A question that is out. It remembers what changed meanwhile, so that an answer which rests on less is not believed. */
export interface Question {
  /** True when a record the answer rests on has changed, or everything was dropped, since the question was asked. */
  overtakes(dependencies: readonly Dependency[]): boolean;
  /** The same for a refusal, which rests on the whole trust list too. */
  overtakesRefusal(basis: RefusalBasis): boolean;
  close(): void;
}

export class OpenQuestions {
  readonly #open = new Set<OpenQuestion>();

  get size(): number {
    return this.#open.size;
  }

  ask(): Question {
    const question = new OpenQuestion(() => this.#open.delete(question));
    this.#open.add(question);
    return question;
  }

  changed(key: string, sequence: number): void {
    for (const question of this.#open) question.changed(key, sequence);
  }

  everythingChanged(): void {
    for (const question of this.#open) question.everythingChanged();
  }
}

class OpenQuestion implements Question {
  readonly #changed = new Map<string, number>();
  #trustChangedAt = 0;
  #everything = false;

  constructor(readonly close: () => void) {}

  changed(key: string, sequence: number): void {
    this.#changed.set(key, Math.max(sequence, this.#changed.get(key) ?? 0));
    if (isTrustRecord(key)) this.#trustChangedAt = Math.max(sequence, this.#trustChangedAt);
  }

  everythingChanged(): void {
    this.#everything = true;
  }

  overtakes(dependencies: readonly Dependency[]): boolean {
    return this.#everything || dependencies.some(({ key, sequence }) => (this.#changed.get(key) ?? -1) > sequence);
  }

  overtakesRefusal({ dependencies, trustAsOf }: RefusalBasis): boolean {
    return this.overtakes(dependencies) || this.#trustChangedAt > trustAsOf;
  }
}
