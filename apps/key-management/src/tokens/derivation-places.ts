import { availableParallelism } from 'node:os';

/** A derivation takes some 100 ms of a core and 32 MB, in one of libuv's four threads: other work needs those as well. */
const defaults = { atOnce: availableParallelism() >= 4 ? 2 : 1, waiting: 8, ofOne: 3 };

/**
 * Places for what costs a core for a while, so that everything else this process does still has one. Some may wait; of one asker only a
 * few, so that no other is kept out by it.
 */
export class DerivationPlaces {
  readonly #waiting: (() => void)[] = [];
  readonly #ofOne = new Map<string, number>();
  #busy = 0;

  constructor(private readonly limits: Readonly<typeof defaults> = defaults) {}

  /** @returns undefined, at once, where there is no place to work or to wait in */
  run<T>(asker: string, work: () => Promise<T>): Promise<T> | undefined {
    const own = this.#ofOne.get(asker) ?? 0;
    if (own >= this.limits.ofOne) return undefined;
    if (this.#busy >= this.limits.atOnce && this.#waiting.length >= this.limits.waiting) return undefined;
    this.#ofOne.set(asker, own + 1);
    return this.#run(asker, work);
  }

  async #run<T>(asker: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy >= this.limits.atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#busy++;
    try {
      return await work();
    } finally {
      const left = (this.#ofOne.get(asker) ?? 1) - 1;
      if (left > 0) this.#ofOne.set(asker, left);
      else this.#ofOne.delete(asker);
      // The place is handed on, or is free.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#busy--;
    }
  }
}
