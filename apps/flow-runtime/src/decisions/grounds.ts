import type { Dependency } from '@sluice/domain';

/** A state record as it was when answers were given that rest on it. It stands until a later change of it is known. */
export interface Ground {
  readonly key: string;
  readonly sequence: number;
  readonly stands: boolean;
}

class HeldGround implements Ground {
  stands = true;
  holders = 0;

  constructor(
    readonly key: string,
    readonly sequence: number,
  ) {}
}

/**
 * The records that cached answers rest on, each held once however many answers rest on it. A change of a record is one
 * look-up here, whether one answer falls by it or a million: they see it when they are used next.
 */
export class Grounds {
  readonly #byKey = new Map<string, HeldGround>();
  #changes = 0;

  /** Grows whenever a ground falls: what stood at this count and was looked at then stands as long as it is the same. */
  get changes(): number {
    return this.#changes;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /**
   * Takes hold of what an answer rests on. That it rests on a newer record than an older answer does proves that the older
   * one has fallen, though the change itself has not come yet.
   * @returns undefined when a newer record is known: the answer was overtaken
   */
  hold(dependencies: readonly Dependency[]): readonly Ground[] | undefined {
    if (dependencies.some(({ key, sequence }) => (this.#byKey.get(key)?.sequence ?? -1) > sequence)) return undefined;
    const grounds = dependencies.map(({ key, sequence }) => {
      const present = this.#byKey.get(key);
      if (present?.sequence === sequence) return present;
      if (present) this.#fell(present);
      const ground = new HeldGround(key, sequence);
      this.#byKey.set(key, ground);
      return ground;
    });
    for (const ground of grounds) ground.holders++;
    return grounds;
  }

  /** To be called once for what `hold` gave, when the answer is dropped. */
  release(grounds: readonly Ground[]): void {
    for (const ground of grounds as readonly HeldGround[]) {
      ground.holders--;
      if (ground.holders === 0 && this.#byKey.get(ground.key) === ground) this.#byKey.delete(ground.key);
    }
  }

  /** A record changed: what rests on it as it was before is void. */
  changed(key: string, sequence: number): void {
    const ground = this.#byKey.get(key);
    if (!ground || ground.sequence >= sequence) return;
    this.#byKey.delete(key);
    this.#fell(ground);
  }

  /** Forgets all; who holds what was given before knows that it is void. */
  clear(): void {
    this.#byKey.clear();
    this.#changes++;
  }

  #fell(ground: HeldGround): void {
    ground.stands = false;
    this.#changes++;
  }
}

export function allStand(grounds: readonly Ground[]): boolean {
  for (const ground of grounds) if (!ground.stands) return false;
  return true;
}
