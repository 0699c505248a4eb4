import type { Dependency } from '@sluice/domain';
import { allStand, Grounds, type Ground } from './grounds.js';

/** A decision that lets a caller use an endpoint, as it is found. */
export interface GivenPermit {
  /** The name of what the caller showed (`shownBy`). */
  readonly shown: string;
  /** What it may use; only compared. */
  readonly endpoint: object;
  readonly caller: PermittedCaller;
  /** Milliseconds since 1970: it ends by the clock here. */
  readonly validUntilMs: number;
  readonly dependencies: readonly Dependency[];
}

export interface PermittedCaller {
  readonly subjectdn: string;
  readonly serviceKeyId?: string;
  readonly serviceKeyName?: string;
  readonly serviceInstanceId?: string;
  /** The certificate that came, whatever says who calls. */
  readonly certificateSha256?: string;
  /** Its `jti`, and the certificate it is bound to. The token itself is nowhere. */
  readonly token?: { readonly id: string; readonly boundTo?: string };
  /** The secret that it rests on. */
  readonly secretId?: string;
}

/** A permit in the cache. Whoever keeps a reference to it asks the cache each time whether it still stands. */
export interface Permit {
  readonly shown: string;
  readonly endpoint: object;
  readonly caller: PermittedCaller;
  readonly validUntilMs: number;
  /** Milliseconds since 1970, 0 before the first use; for whoever reports what was used. */
  usedAtMs: number;
}

class CachedPermit implements Permit {
  readonly shown: string;
  readonly endpoint: object;
  readonly caller: PermittedCaller;
  readonly validUntilMs: number;
  usedAtMs = 0;
  cached = true;
  /** The order of use. */
  earlier: CachedPermit | undefined;
  later: CachedPermit | undefined;
  /** Another permit of who shows the same. */
  next: CachedPermit | undefined;

  constructor(
    given: GivenPermit,
    readonly grounds: readonly Ground[],
    /** The count of changes at which its grounds were last seen to stand. */
    public seenAt: number,
    readonly era: number,
  ) {
    this.shown = given.shown;
    this.endpoint = given.endpoint;
    this.caller = given.caller;
    this.validUntilMs = given.validUntilMs;
  }
}

export interface PermitCacheStatistics {
  readonly entries: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  readonly grounds: number;
}

/**
 * Permits by what was shown and endpoint. Each rests on state records; a later change of one of them ends it, and a new epoch
 * ends all. Bounded: the permit that was used longest ago makes room.
 */
export class PermitCache {
  readonly #permits = new Map<string, CachedPermit>();
  readonly #grounds = new Grounds();
  #size = 0;
  /** Grows when everything is dropped at once. */
  #era = 0;
  #longestUnused: CachedPermit | undefined;
  #lastUsed: CachedPermit | undefined;
  #hits = 0;
  #misses = 0;
  #evictions = 0;

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.#size;
  }

  get statistics(): PermitCacheStatistics {
    return {
      entries: this.#size,
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#evictions,
      grounds: this.#grounds.size,
    };
  }

  /** @returns a permit whose grounds stand; it is then the one used last */
  get(shown: string, endpoint: object): Permit | undefined {
    for (let permit = this.#permits.get(shown); permit; permit = permit.next) {
      if (permit.endpoint === endpoint) return this.use(permit) ? permit : undefined;
    }
    this.#misses++;
    return undefined;
  }

  /** Whether it stands, to be asked before every use; it is then the one used last. */
  use(permit: Permit): boolean {
    const cached = permit as CachedPermit;
    const { changes } = this.#grounds;
    // One that fell keeps its place until another is stored in it, so that its caller is remembered as one known before.
    if (!cached.cached || cached.era !== this.#era || (cached.seenAt !== changes && !allStand(cached.grounds))) {
      this.#misses++;
      return false;
    }
    cached.seenAt = changes;
    this.#hits++;
    // Stryker disable next-line ConditionalExpression: the one used last is unlinked and linked to the same place
    if (this.#lastUsed !== cached) {
      this.#unlink(cached);
      this.#link(cached);
    }
    return true;
  }

  /** Whether who shows this was let in before, also when what let it in has fallen since. */
  knows(shown: string): boolean {
    return this.#permits.has(shown);
  }

  /** @returns undefined when it rests on a record of which a newer one is known */
  store(given: GivenPermit): Permit | undefined {
    const grounds = this.#grounds.hold(given.dependencies);
    if (!grounds) return undefined;
    const permit = new CachedPermit(given, grounds, this.#grounds.changes, this.#era);
    const first = this.#permits.get(given.shown);
    for (let before = first; before; before = before.next) {
      if (before.endpoint !== given.endpoint) continue;
      this.#drop(before);
      break;
    }
    permit.next = this.#permits.get(given.shown);
    this.#permits.set(given.shown, permit);
    this.#link(permit);
    this.#size++;
    if (this.#size > this.capacity && this.#longestUnused) {
      this.#drop(this.#longestUnused);
      this.#evictions++;
    }
    return permit;
  }

  changed(key: string, sequence: number): void {
    this.#grounds.changed(key, sequence);
  }

  clear(): void {
    // Stryker disable next-line UpdateOperator: eras are compared for equality alone
    this.#era++;
    this.#grounds.clear();
    this.#permits.clear();
    this.#longestUnused = this.#lastUsed = undefined;
    this.#size = 0;
  }

  #link(permit: CachedPermit): void {
    permit.earlier = this.#lastUsed;
    permit.later = undefined;
    if (this.#lastUsed) this.#lastUsed.later = permit;
    else this.#longestUnused = permit;
    this.#lastUsed = permit;
  }

  #unlink(permit: CachedPermit): void {
    if (permit.earlier) permit.earlier.later = permit.later;
    else this.#longestUnused = permit.later;
    if (permit.later) permit.later.earlier = permit.earlier;
    else this.#lastUsed = permit.earlier;
  }

  #drop(permit: CachedPermit): void {
    permit.cached = false;
    this.#unlink(permit);
    this.#size--;
    this.#grounds.release(permit.grounds);
    const first = this.#permits.get(permit.shown);
    if (first === permit) {
      if (permit.next) this.#permits.set(permit.shown, permit.next);
      else this.#permits.delete(permit.shown);
      return;
    }
    for (let before = first; before; before = before.next) {
      if (before.next !== permit) continue;
      before.next = permit.next;
      return;
    }
  }
}
