/**
 * Remembers which certificates were found to be signed by which keys, so that the signature of a CA is checked once. Only
 * positive results are kept, and a key of the cache is made of hashes of the whole certificate and of the whole key, so
 * an entry stays true for ever. Bounded: the oldest entry goes when it is full.
 */
export class SignatureCache {
  private readonly entries = new Set<string>();

  /** @param capacity most entries, each about 200 octets */
  constructor(private readonly capacity = 4096) {}

  get size(): number {
    return this.entries.size;
  }

  has(certificateSha256: string, issuerSpkiSha256: string): boolean {
    return this.entries.has(certificateSha256 + issuerSpkiSha256);
  }

  add(certificateSha256: string, issuerSpkiSha256: string): void {
    if (this.entries.size >= this.capacity) this.entries.delete(this.entries.values().next().value as string);
    this.entries.add(certificateSha256 + issuerSpkiSha256);
  }
}
