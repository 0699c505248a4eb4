import { networkOf } from '@sluice/domain';
import { LRUCache } from 'lru-cache';

/** So many wrong secrets are taken for mistakes. */
const freeFailures = 3;
const firstDelayMs = 1_000;
const maxDelayMs = 60_000;
/** Who has failed no more for so long has a clean slate. */
const forgottenAfterMs = 15 * 60_000;
/** Entries of each kind; the ones not seen for longest go. */
const maximumKept = 20_000;

interface Failures {
  readonly count: number;
  readonly last: number;
  readonly until: number;
}

/**
 * Who gives wrong secrets waits longer and longer: for the address they come from, and for the client they are given for. The delay of a
 * client holds for addresses that gave wrong secrets themselves, and for a minute after the last of these, so a stranger locks nobody else out. Times are milliseconds since 1970.
 */
export class SecretDelays {
  readonly #byAddress = new LRUCache<string, Failures>({ max: maximumKept });
  readonly #byClient = new LRUCache<string, Failures>({ max: maximumKept });

  /** @returns for how long this client is not to be judged from this address; 0: now */
  waitMs(clientId: string, address: string, now: number): number {
    const ofAddress = standing(this.#byAddress.get(networkOf(address)), now);
    if (!ofAddress) return 0;
    const ofClient = standing(this.#byClient.get(clientId), now);
    // Counted from its own last one: what others go on guessing does not begin its wait anew.
    const withOthers = Math.min(ofClient?.until ?? 0, ofAddress.last + maxDelayMs);
    return Math.max(0, ofAddress.until - now, withOthers - now);
  }

  failed(clientId: string, address: string, now: number): void {
    const network = networkOf(address);
    this.#byAddress.set(network, oneMore(standing(this.#byAddress.get(network), now), now));
    this.#byClient.set(clientId, oneMore(standing(this.#byClient.get(clientId), now), now));
  }
}

function standing(failures: Failures | undefined, now: number): Failures | undefined {
  return failures && failures.last > now - forgottenAfterMs ? failures : undefined;
}

function oneMore(failures: Failures | undefined, now: number): Failures {
  const count = (failures?.count ?? 0) + 1;
  const delay = count <= freeFailures ? 0 : Math.min(maxDelayMs, firstDelayMs * 2 ** (count - freeFailures - 1));
  return { count, last: now, until: now + delay };
}
