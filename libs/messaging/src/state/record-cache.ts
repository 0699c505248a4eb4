class Entry<T> {
  /** Neighbours in the order of their last use. */
  earlier: Entry<T> | undefined;
  later: Entry<T> | undefined;

  constructor(
    readonly key: string,
    public value: T,
  ) {}
}

/**
 * The most recently used entries, at most `capacity` of them. They are linked in the order of their use: the first key of a
 * full Map is found past all that were deleted before it, which takes the longer the more it holds.
 */
export class RecordCache<T> {
  readonly #entries = new Map<string, Entry<T>>();
  #longestUnused: Entry<T> | undefined;
  #lastUsed: Entry<T> | undefined;

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.#entries.size;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#use(entry);
    return entry.value;
  }

  set(key: string, value: T): void {
    const present = this.#entries.get(key);
    if (present) {
      present.value = value;
      this.#use(present);
      return;
    }
    const entry = new Entry(key, value);
    this.#entries.set(key, entry);
    this.#link(entry);
    if (this.#entries.size > this.capacity && this.#longestUnused) this.delete(this.#longestUnused.key);
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#unlink(entry);
  }

  clear(): void {
    this.#entries.clear();
    this.#longestUnused = this.#lastUsed = undefined;
  }

  #use(entry: Entry<T>): void {
    if (this.#lastUsed === entry) return;
    this.#unlink(entry);
    this.#link(entry);
  }

  #link(entry: Entry<T>): void {
    entry.earlier = this.#lastUsed;
    entry.later = undefined;
    if (this.#lastUsed) this.#lastUsed.later = entry;
    else this.#longestUnused = entry;
    this.#lastUsed = entry;
  }

  #unlink(entry: Entry<T>): void {
    if (entry.earlier) entry.earlier.later = entry.later;
    else this.#longestUnused = entry.later;
    if (entry.later) entry.later.earlier = entry.earlier;
    else this.#lastUsed = entry.earlier;
  }
}
