/**
 * Remembers which certificates were found to be signed by which keys, so that the signature of a CA is checked once. Only
 * positive results are kept, and a key of the cache is made of hashes of the whole certificate and of the whole key, so
 * an entry stays true for ever. Bounded by two generations, the older of which
 * goes when the younger is full.
 */
export class SignatureCache {
  private young = new Set<string>();
  private old = new Set<string>();

  /** @param generationSize most entries of each of the two generations; an entry takes about 200 octets */
  constructor(private readonly generationSize = 2048) {}

  /** Entries held; one that was used again may count twice. */
  get size(): number {
    return this.young.size + this.old.size;
  }

  has(certificateSha256: string, issuerSpkiSha256: string): boolean {
    const key = certificateSha256 + issuerSpkiSha256;
    if (this.young.has(key)) return true;
    if (!this.old.has(key)) return false;
    this.insert(key);
    return true;
  }

  add(certificateSha256: string, issuerSpkiSha256: string): void {
    this.insert(certificateSha256 + issuerSpkiSha256);
  }

  private insert(key: string): void {
    if (this.young.size >= this.generationSize) {
      this.old = this.young;
      this.young = new Set();
    }
    this.young.add(key);
  }
}
