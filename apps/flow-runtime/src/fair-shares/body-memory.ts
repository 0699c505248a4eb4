/** Smaller ones come from the allocator, which is faster than any list. In octets. */
const minimumBytes = 256 * 1024;
/** Sizes are rounded up to these, so that a body of nearly the same size finds one that was used before. */
const stepBytes = 1_048_576;
/** Kept for those that come next. */
const maximumKeptBytes = 128 * 1_048_576;
/** What nobody wanted for one to two of these is given back to the system. */
const keptMs = 4_000;

interface Kept {
  readonly memory: ArrayBuffer;
  /** In which it was used last. */
  readonly round: number;
}

/**
 * Memory for large bodies that is used again. Each new one counts against a limit of V8, which then marks the whole heap: two bodies of 38 MB cost
 * more time of the thread that admits requests in its garbage collector than in everything else. What is not used again is detached, so it is given back then and
 * not with a collection that an idle process never makes.
 */
export class BodyMemory {
  /** What is out: held weakly, for not everybody can say when it is not looked at any more. */
  readonly #lent = new WeakSet<ArrayBufferLike>();
  /** What waits to be used again, that which was used last at the end. */
  readonly #free: Kept[] = [];
  #keptBytes = 0;
  #round = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Octets that are kept and not in use. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** @returns so many octets, of whatever content; who has no use for them any more may give them back */
  lend(bytes: number): Buffer {
    if (bytes < minimumBytes) return Buffer.allocUnsafe(bytes);
    const memory = this.#take(bytes) ?? new ArrayBuffer(Math.ceil(bytes / stepBytes) * stepBytes);
    this.#lent.add(memory);
    return Buffer.from(memory, 0, bytes);
  }

  isLent({ buffer }: Uint8Array): boolean {
    return this.#lent.has(buffer);
  }

  /**
   * To be called when nobody will look at it, or at any part of it, again. What was not lent, or is back already, is left alone.
   * @param part any part of what was lent
   */
  giveBack({ buffer }: Uint8Array): void {
    if (!this.#lent.delete(buffer)) return;
    const memory = buffer as ArrayBuffer;
    if (this.#keptBytes + memory.byteLength > maximumKeptBytes) return free(memory);
    this.#free.push({ memory, round: this.#round });
    this.#keptBytes += memory.byteLength;
    this.#timer ??= setInterval(() => this.tidy(), keptMs).unref();
  }

  /** Gives back to the system what was not used since the last but one call. Called by a timer. */
  tidy(): void {
    this.#round++;
    for (let index = this.#free.length - 1; index >= 0; index--) {
      const { memory, round } = this.#free[index] as Kept;
      if (round >= this.#round - 1) continue;
      this.#remove(index);
      free(memory);
    }
    if (this.#free.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** The smallest that is large enough, and not much larger. */
  #take(bytes: number): ArrayBuffer | undefined {
    let best = -1;
    let least = 2 * bytes;
    this.#free.forEach(({ memory: { byteLength } }, index) => {
      if (byteLength < bytes || byteLength >= least) return;
      [best, least] = [index, byteLength];
    });
    return best < 0 ? undefined : this.#remove(best);
  }

  #remove(index: number): ArrayBuffer {
    const [{ memory }] = this.#free.splice(index, 1) as [Kept];
    this.#keptBytes -= memory.byteLength;
    return memory;
  }
}

/** At once: whoever looked at it afterwards would find nothing. */
function free(memory: ArrayBuffer): void {
  memory.transfer(0);
}
