import { isDeepStrictEqual } from 'node:util';

/**
 * What files say, as whoever replaces them leaves them there. They are read again rather than watched: a file may be written
 * in place, renamed into it or be a link to another folder, and no notice of the system covers all.
 */
export class FollowedFiles<T> {
  #value: T;
  #complaint: string | undefined;

  /**
   * @param what for the log: `server certificate`
   * @throws what `read` throws: without the first value there is nothing to start with
   */
  constructor(
    private readonly read: () => T,
    private readonly what: string,
    private readonly onFault: (error: unknown, what: string) => void,
    private readonly same: (one: T, other: T) => boolean = isDeepStrictEqual,
  ) {
    this.#value = read();
  }

  get value(): T {
    return this.#value;
  }

  /**
   * Looks at the files again. What cannot be used changes nothing and is told once: it may be the moment between two files.
   * @returns whether the value is another now
   */
  check(): boolean {
    let value: T;
    try {
      value = this.read();
    } catch (error) {
      const complaint = error instanceof Error ? error.message : String(error);
      if (complaint !== this.#complaint) this.onFault(error, `reading the ${this.what}; the one before stays`);
      this.#complaint = complaint;
      return false;
    }
    this.#complaint = undefined;
    if (this.same(value, this.#value)) return false;
    this.#value = value;
    return true;
  }
}
