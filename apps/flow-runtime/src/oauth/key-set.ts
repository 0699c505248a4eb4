import type { TokenKeyRecord } from '@sluice/contracts';
import { createPublicKey, type JsonWebKey } from 'node:crypto';

/** The records of token keys that are there now. */
export type TokenKeyRecords = () => Iterable<{ readonly record: TokenKeyRecord }>;

/** What is published of the keys that sign access tokens, from their records: also of those that are to sign later. */
export class KeySet {
  readonly #read = new WeakMap<TokenKeyRecord, JsonWebKey | undefined>();

  /** @param now milliseconds since 1970 */
  constructor(
    private readonly records: TokenKeyRecords,
    private readonly now: () => number,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  /** RFC 7517 §5. @returns undefined while there is none */
  get jwks(): { readonly keys: readonly JsonWebKey[] } | undefined {
    const keys: JsonWebKey[] = [];
    for (const record of this.#current()) {
      const key = this.#keyOf(record);
      if (key) keys.push(key);
    }
    return keys.length === 0 ? undefined : { keys };
  }

  /** What tokens name as their issuer; undefined while nothing signs them. */
  get issuer(): string | undefined {
    const current = this.#current();
    return (current.find(({ status }) => status === 'active') ?? current[0])?.issuer;
  }

  #current(): TokenKeyRecord[] {
    const now = this.now();
    return [...this.records()]
      .map(({ record }) => record)
      .filter(({ endsAtMs }) => endsAtMs === undefined || endsAtMs > now);
  }

  #keyOf(record: TokenKeyRecord): JsonWebKey | undefined {
    if (!this.#read.has(record)) this.#read.set(record, this.#parse(record));
    return this.#read.get(record);
  }

  #parse({ kid, publicKey }: TokenKeyRecord): JsonWebKey | undefined {
    try {
      const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
      return { ...key.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' };
    } catch (error) {
      this.onFault(error, `reading the token key ${kid}`);
      return undefined;
    }
  }
}
