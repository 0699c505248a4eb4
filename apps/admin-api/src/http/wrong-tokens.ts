import { networkOf, SluiceError } from '@sluice/domain';
import { LRUCache } from 'lru-cache';

/** Wrong tokens that an address may send before it has to wait, and how long they count after the last. */
const free = 10;
const forgottenAfterMs = 15 * 60_000;
const maxDelaySeconds = 300;
/** Addresses remembered, and right tokens. */
const most = 10_000;

interface Failures {
  readonly count: number;
  /** Until then nothing is asked for this address; on the clock of the process. */
  readonly until: number;
}

/**
 * Slows down who tries tokens: after some wrong ones an address has to wait, twice as long after each further one. A token that was
 * right within the last hour is asked about all the same, so that nobody is locked out by others behind the same address.
 */
export class WrongTokens {
  readonly #failures = new LRUCache<string, Failures>({
    max: most,
    ttl: forgottenAfterMs,
    perf: { now: () => this.now() },
    ttlResolution: 0,
  });
  readonly #right = new LRUCache<string, true>({
    max: most,
    ttl: 60 * 60_000,
    perf: { now: () => this.now() },
    ttlResolution: 0,
  });

  /** @param now milliseconds that only go forward */
  constructor(private readonly now: () => number) {}

  /**
   * To be called before a token is asked about.
   * @param digest of the token
   * @throws SluiceError `too-many-attempts`
   */
  admit(address: string, digest: string): void {
    const until = this.#failures.get(networkOf(address))?.until ?? 0;
    const left = until - this.now();
    if (left <= 0 || this.#right.has(digest)) return;
    const retryAfterSeconds = Math.ceil(left / 1_000);
    throw new SluiceError(
      'too-many-attempts',
      `Too many wrong tokens came from your address: try again in ${retryAfterSeconds} s.`,
      { retryAfterSeconds },
    );
  }

  right(digest: string): void {
    this.#right.set(digest, true);
  }

  wrong(address: string, digest: string): void {
    this.#right.delete(digest);
    const network = networkOf(address);
    const count = (this.#failures.get(network)?.count ?? 0) + 1;
    const seconds = count < free ? 0 : Math.min(2 ** Math.min(count - free, 20), maxDelaySeconds);
    this.#failures.set(network, { count, until: this.now() + seconds * 1_000 });
  }
}
