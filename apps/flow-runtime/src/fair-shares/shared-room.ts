/** An owner may take more while it has less than so many times what it would leave free. */
const timesWhatIsFree = 7;

/** So many owners that have nothing are remembered, and not made anew for the next of theirs. */
const rememberedOwners = 64;

/** Something that waits for room. */
export interface Waiting {
  readonly amount: number;
  /** What the same message has already: it asks for more. */
  readonly has: number;
  /** Told once: true when the room is its own, false when it waits no longer because others have less. */
  readonly settle: (entered: boolean) => void;
}

interface Owner {
  readonly name: string;
  held: number;
  /** In the order they came, those that have something already before the others. */
  readonly waiting: Waiting[];
  /** The amounts of them. */
  wanted: number;
}

/**
 * Shares out a room of a fixed size (places, octets) among owners. The rule is the dynamic threshold of Choudhury and Hahne (IEEE/ACM Trans. Networking 6(2), 1998):
 * one owner alone may have seven eighths of it, several have equal shares, and something always stays free for who comes anew. What becomes free goes to the
 * owner that would have the least with it, among equals by turns. Nothing here allocates when there is room and the owner is known.
 *
 * What waits stands in an order that does not change by waiting, so an owner that has nothing gets the next room that is large enough for it, or one that wants less does.
 */
export class SharedRoom {
  #free: number;
  #waiting = 0;
  readonly #owners = new Map<string, Owner>();
  /** Owners of whom something waits, whose turn is next first. */
  readonly #turns = new Set<Owner>();

  constructor(
    readonly size: number,
    private readonly maximumWaiting = Infinity,
  ) {
    this.#free = size;
  }

  get held(): number {
    return this.size - this.#free;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Takes room where there is some and nobody who waits comes first. Whoever took it gives it back.
   * @param has what the same message has already
   * @returns whether it was taken
   */
  take(name: string, amount = 1, has = 0): boolean {
    const owner = this.#ownerOf(name);
    if (!this.#fits(owner, amount, has)) return false;
    // What is begun and held frees nothing until it has the rest: it does not wait behind what is not begun.
    if (has === 0 && this.#turns.size > 0 && this.#isBefore(owner, amount)) return false;
    this.#give(owner, amount);
    return true;
  }

  /**
   * Waits for what {@link take} did not give.
   * @returns undefined when it may not wait either: too many do, and its owner has its share of them
   */
  wait(name: string, amount: number, has: number, settle: (entered: boolean) => void): Waiting | undefined {
    const owner = this.#ownerOf(name);
    if (this.#waiting >= this.maximumWaiting && !this.#turnAwayFor(owner, amount)) {
      this.#forgetIdle(owner);
      return undefined;
    }
    const waiting = { amount, has, settle };
    if (has === 0) owner.waiting.push(waiting);
    else owner.waiting.splice(begunOf(owner), 0, waiting);
    owner.wanted += amount;
    this.#waiting++;
    this.#turns.add(owner);
    return waiting;
  }

  /** It waits no longer, and is not told. */
  cancel(name: string, waiting: Waiting): void {
    const owner = this.#owners.get(name);
    const index = owner?.waiting.indexOf(waiting) ?? -1;
    if (!owner || index < 0) return;
    this.#remove(owner, index);
    this.#forgetIdle(owner);
    // It may have been what others waited behind.
    this.#shareOut();
  }

  leave(name: string, amount = 1): void {
    const owner = this.#ownerOf(name);
    owner.held -= amount;
    this.#free += amount;
    if (this.#turns.size > 0) this.#shareOut();
    this.#forgetIdle(owner);
  }

  #ownerOf(name: string): Owner {
    let owner = this.#owners.get(name);
    if (owner === undefined) {
      owner = { name, held: 0, waiting: [], wanted: 0 };
      this.#owners.set(name, owner);
    }
    return owner;
  }

  #forgetIdle(owner: Owner): void {
    if (owner.held === 0 && owner.waiting.length === 0 && this.#owners.size > rememberedOwners)
      this.#owners.delete(owner.name);
  }

  /** The one thing that an owner has is not measured against what is free: it could never be had otherwise. */
  #fits(owner: Owner, amount: number, has: number): boolean {
    if (amount > this.#free) return false;
    return owner.held === has || owner.held < timesWhatIsFree * (this.#free - amount + 1);
  }

  #give(owner: Owner, amount: number): void {
    owner.held += amount;
    this.#free -= amount;
  }

  /** Whether somebody waits who comes before an owner that wants so much. */
  #isBefore(owner: Owner, amount: number): boolean {
    if (owner.waiting.length > 0) return true;
    for (const other of this.#turns) if (wouldHave(other) <= owner.held + amount) return true;
    return false;
  }

  #shareOut(): void {
    while (this.#free > 0) {
      const owner = this.#next();
      if (owner === undefined) return;
      const next = this.#remove(owner, 0);
      // Whoever had a turn is behind the others.
      if (this.#turns.delete(owner)) this.#turns.add(owner);
      this.#give(owner, next.amount);
      next.settle(true);
    }
  }

  /** Whose first one gets room now. */
  #next(): Owner | undefined {
    let begun: Owner | undefined;
    let least: Owner | undefined;
    for (const owner of this.#turns) {
      const { amount, has } = owner.waiting[0] as Waiting;
      if (least === undefined || wouldHave(owner) < wouldHave(least)) least = owner;
      if (has > 0 && (begun === undefined || wouldHave(owner) < wouldHave(begun)) && this.#fits(owner, amount, has))
        begun = owner;
    }
    if (begun) return begun;
    // When that one does not fit, those behind it do not pass: what is free is kept until it does.
    if (least) {
      const { amount, has } = least.waiting[0] as Waiting;
      if (this.#fits(least, amount, has)) return least;
    }
    return undefined;
  }

  #remove(owner: Owner, index: number): Waiting {
    const [waiting] = owner.waiting.splice(index, 1) as [Waiting];
    owner.wanted -= waiting.amount;
    this.#waiting--;
    if (owner.waiting.length === 0) this.#turns.delete(owner);
    return waiting;
  }

  /**
   * Turns away the newest that waits of the owner with the most, when that owner has more even then than the newcomer's will have: so two that
   * are equal do not turn each other away by turns.
   */
  #turnAwayFor(newcomer: Owner, amount: number): boolean {
    let most: Owner | undefined;
    for (const owner of this.#turns) if (most === undefined || inAll(owner) > inAll(most)) most = owner;
    const newest = most?.waiting.at(-1);
    if (!most || !newest || inAll(newcomer) + amount >= inAll(most)) return false;
    this.#remove(most, most.waiting.length - 1);
    this.#forgetIdle(most);
    newest.settle(false);
    return true;
  }
}

function begunOf({ waiting }: Owner): number {
  let begun = 0;
  while ((waiting[begun]?.has ?? 0) > 0) begun++;
  return begun;
}

function wouldHave({ held, waiting }: Owner): number {
  return held + (waiting[0] as Waiting).amount;
}

function inAll({ held, wanted }: Owner): number {
  return held + wanted;
}
