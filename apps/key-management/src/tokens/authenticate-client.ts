import { networkOf } from '@sluice/domain';
import { CLOCK } from '@sluice/service-shell';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { createHmac, randomBytes } from 'node:crypto';
import { matchSecret } from '../client-secrets/hash-secret.js';
import { SecretUse } from '../client-secrets/secret-use.js';
import { DerivationPlaces } from './derivation-places.js';
import { FindClient, type Client, type FoundClient, type SecretOfClient } from './find-client.js';
import { SecretDelays } from './secret-delays.js';

export type Authentication =
  | {
      readonly outcome: 'authenticated';
      readonly client: Client;
      readonly secret: SecretOfClient;
      readonly found: FoundClient;
    }
  | { readonly outcome: 'refused' }
  | { readonly outcome: 'delayed'; readonly retryAfterSeconds: number };

interface Proven {
  readonly id: string;
  readonly version: number;
}

const maximumProven = 10_000;
const refused = { outcome: 'refused' } as const;

/**
 * Says whose secret it is. What is asked about an unknown client costs what a wrong secret of a known one does, and is answered alike.
 * A secret that was right once is recognized by a digest under a key of this process while its row is as it was: repeated grants need no
 * derivation. The row is read each time.
 */
@Injectable()
export class AuthenticateClient {
  readonly #digestKey = randomBytes(32);
  readonly #proven = new LRUCache<string, Proven>({ max: maximumProven });
  readonly #deriving = new Map<string, Promise<Proven | undefined>>();
  readonly #delays = new SecretDelays();
  readonly #places = new DerivationPlaces();

  constructor(
    private readonly findClient: FindClient,
    private readonly use: SecretUse,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  async execute(request: {
    clientId: string;
    secret: string;
    address: string;
    sha256?: string | undefined;
  }): Promise<Authentication> {
    const { clientId, secret, address } = request;
    const digest = createHmac('sha256', this.#digestKey).update(`${clientId}\n${secret}`).digest('base64');
    const proven = this.#proven.get(digest);
    if (!proven) {
      const wait = this.#wait(clientId, address);
      if (wait) return wait;
    }
    const found = await this.findClient.execute(clientId, request.sha256);
    const { client } = found;
    const secrets = client?.status === 'active' ? client.secrets.filter((held) => this.#isUsable(held)) : [];
    const known = proven && secrets.find(({ id, version }) => id === proven.id && version === proven.version);
    if (client && known) return this.#authenticated(client, known, found);
    if (proven) {
      this.#proven.delete(digest);
      const wait = this.#wait(clientId, address);
      if (wait) return wait;
    }
    const derived = this.#derive(digest, secret, secrets, networkOf(address));
    if (!derived) return { outcome: 'delayed', retryAfterSeconds: 1 };
    const match = await derived;
    const right = match && secrets.find(({ id, version }) => id === match.id && version === match.version);
    if (client && right) return this.#authenticated(client, right, found);
    this.#delays.failed(clientId, address, this.now());
    return refused;
  }

  /**
   * Callers that give the same secret for the same client at once share one derivation.
   * @returns undefined, at once, where there is no place for one more
   */
  #derive(
    digest: string,
    secret: string,
    secrets: readonly SecretOfClient[],
    asker: string,
  ): Promise<Proven | undefined> | undefined {
    const running = this.#deriving.get(digest);
    if (running) return running;
    const derived = this.#places.run(asker, async () => {
      const index = await matchSecret(
        secret,
        secrets.map(({ hash }) => hash),
      );
      const right = secrets[index];
      if (!right) return undefined;
      const proven = { id: right.id, version: right.version };
      this.#proven.set(digest, proven);
      return proven;
    });
    if (!derived) return undefined;
    const shared = derived.finally(() => this.#deriving.delete(digest));
    this.#deriving.set(digest, shared);
    return shared;
  }

  #authenticated(client: Client, secret: SecretOfClient, found: FoundClient): Authentication {
    this.use.note({ id: secret.id, serviceKeyId: client.serviceKeyId, atMs: this.now() });
    return { outcome: 'authenticated', client, secret, found };
  }

  #isUsable({ endsAtMs }: SecretOfClient): boolean {
    return endsAtMs === null || endsAtMs > this.now();
  }

  #wait(clientId: string, address: string): Authentication | undefined {
    const waitMs = this.#delays.waitMs(clientId, address, this.now());
    return waitMs > 0 ? { outcome: 'delayed', retryAfterSeconds: Math.ceil(waitMs / 1_000) } : undefined;
  }
}
