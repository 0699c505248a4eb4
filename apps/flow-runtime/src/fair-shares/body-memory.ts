/** Smaller ones come from the allocator, and end with a collection. In octets. */
const minimumBytes = 256 * 1024;

/**
 * Memory for large bodies that is given back to the system when nobody looks at it any more, and not with a collection that an idle
 * process never makes. It is never used again for another body: a reference that somebody forgot finds nothing then, and not what
 * another sender sent.
 */
export class BodyMemory {
  /** What is out: held weakly, for not everybody can say when it is not looked at any more. */
  readonly #lent = new WeakSet<ArrayBufferLike>();
  #givenBackBytes = 0;

  /** Octets that were given back, since the start. */
  get givenBackBytes(): number {
    return this.#givenBackBytes;
  }

  /** @returns so many octets; who has no use for them any more may give them back */
  lend(bytes: number): Buffer {
    if (bytes < minimumBytes) return Buffer.allocUnsafe(bytes);
    const memory = new ArrayBuffer(bytes);
    this.#lent.add(memory);
    return Buffer.from(memory);
  }

  isLent({ buffer }: Uint8Array): boolean {
    return this.#lent.has(buffer);
  }

  /**
   * To be called when nobody will look at it, or at any part of it, again: it is gone at once. What was not lent, or is back already, is left alone.
   * @param part any part of what was lent
   */
  giveBack({ buffer }: Uint8Array): void {
    if (!this.#lent.delete(buffer)) return;
    this.#givenBackBytes += buffer.byteLength;
    (buffer as ArrayBuffer).transfer(0);
  }
}
