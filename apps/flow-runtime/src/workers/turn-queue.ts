/** Least time counted for one turn, in milliseconds: a thousand short ones are not free. */
const minTurnMs = 0.05;

interface Owner<Turn> {
  /** Time of workers this owner has had, in milliseconds; owners that come anew begin with what the least served one has. */
  had: number;
  readonly turns: Turn[];
  /** Turns under way. */
  active: number;
}

/**
 * Shares turns out among owners: next is one of the owner that has had the least time, in the order they came. An owner that never
 * waits has no advantage from that, and one with a thousand messages no more than one with two.
 */
export class TurnQueue<Turn> {
  readonly #owners = new Map<string, Owner<Turn>>();

  /** Turns that wait. */
  get waiting(): number {
    let count = 0;
    for (const { turns } of this.#owners.values()) count += turns.length;
    return count;
  }

  /** @param first before the other turns of its owner: a message that has begun */
  add(owner: string, turn: Turn, first = false): void {
    let state = this.#owners.get(owner);
    if (state === undefined) {
      state = { had: this.#leastHad(), turns: [], active: 0 };
      this.#owners.set(owner, state);
    }
    if (first) state.turns.unshift(turn);
    else state.turns.push(turn);
  }

  /**
   * @param idle how many workers have nothing to do: the last one goes to an owner that has none
   * @param fits whether a turn can be had now
   */
  next(idle: number, fits: (turn: Turn) => boolean): { readonly owner: string; readonly turn: Turn } | undefined {
    let best: { name: string; owner: Owner<Turn>; index: number } | undefined;
    for (const [name, owner] of this.#owners) {
      if (owner.turns.length === 0 || (best !== undefined && owner.had >= best.owner.had)) continue;
      if (idle <= 1 && owner.active > 0) continue;
      const index = owner.turns.findIndex(fits);
      if (index >= 0) best = { name, owner, index };
    }
    if (best === undefined) return undefined;
    const [turn] = best.owner.turns.splice(best.index, 1);
    best.owner.active++;
    return { owner: best.name, turn: turn as Turn };
  }

  /** A turn is over. @param ms how long it took */
  over(owner: string, ms: number): void {
    const state = this.#owners.get(owner);
    if (state === undefined) return;
    state.active--;
    state.had += Math.max(ms, minTurnMs);
    if (state.active === 0 && state.turns.length === 0) this.#forgetIdle();
  }

  /** Takes out turns that will not be had. */
  remove(drop: (turn: Turn) => boolean): void {
    for (const { turns } of this.#owners.values())
      for (let index = turns.length - 1; index >= 0; index--) if (drop(turns[index] as Turn)) turns.splice(index, 1);
  }

  #leastHad(): number {
    let least = Infinity;
    for (const { had, turns, active } of this.#owners.values())
      if (turns.length > 0 || active > 0) least = Math.min(least, had);
    return least === Infinity ? 0 : least;
  }

  /** Owners without work are remembered for as long as what they had counts against others. */
  #forgetIdle(): void {
    const least = this.#leastHad();
    for (const [name, { turns, active, had }] of this.#owners)
      if (turns.length === 0 && active === 0 && (least === 0 || had <= least)) this.#owners.delete(name);
  }
}
