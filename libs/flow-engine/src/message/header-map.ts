/** Message headers: names are compared without case, the case they were first set with is kept, as the reference does. */
export class HeaderMap {
  readonly #entries: Map<string, { name: string; value: unknown }>;

  constructor(entries?: Iterable<readonly [string, unknown]>) {
    this.#entries = new Map();
    if (entries !== undefined) for (const [name, value] of entries) this.set(name, value);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(name: string): unknown {
    return this.#entries.get(name.toLowerCase())?.value;
  }

  has(name: string): boolean {
    return this.#entries.has(name.toLowerCase());
  }

  set(name: string, value: unknown): void {
    this.setFolded(name.toLowerCase(), name, value);
  }

  /** @param key the name in lower case, by whoever has it at hand */
  setFolded(key: string, name: string, value: unknown): void {
    const present = this.#entries.get(key);
    if (present === undefined) this.#entries.set(key, { name, value });
    else present.value = value;
  }

  delete(name: string): boolean {
    return this.#entries.delete(name.toLowerCase());
  }

  clear(): void {
    this.#entries.clear();
  }

  /** @returns a copy whose changes do not show here */
  clone(): HeaderMap {
    const copy = new HeaderMap();
    for (const [key, { name, value }] of this.#entries) copy.#entries.set(key, { name, value });
    return copy;
  }

  forEach(visit: (name: string, value: unknown) => void): void {
    for (const { name, value } of this.#entries.values()) visit(name, value);
  }

  *[Symbol.iterator](): IterableIterator<[string, unknown]> {
    for (const { name, value } of this.#entries.values()) yield [name, value];
  }
}
