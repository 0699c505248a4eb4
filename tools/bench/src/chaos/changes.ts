import { AdminApiError, AdminClient } from '@sluice/admin-client';
import { createServiceKey, getServiceKey, revokeServiceKey } from '@sluice/contracts';
import { setTimeout as sleep } from 'node:timers/promises';
import { deployFlow } from '../stack/deploy-flow.js';
import { newInstance } from '../stack/new-key.js';
import { newToken } from '../path/new-token.js';
import type { Credentials, Way } from './caller.js';
import type { Administration, Outcomes } from './traffic.js';

const answerTimeoutMs = 10_000;

/** The administrator of a drill: makes and revokes keys, and remembers what was answered with 2xx. */
export class Changes implements Administration {
  #instance = '';
  #count = 0;
  #outcomes: Outcomes = {};
  readonly #made = new Set<string>();
  readonly #revoked = new Set<string>();

  readonly #admin: AdminClient;

  /** @param flowPort where tokens are asked for */
  constructor(
    url: string,
    token: string,
    private readonly flowPort: number,
    private readonly serverRoot: string,
  ) {
    this.#admin = new AdminClient({ url, token, timeoutMs: answerTimeoutMs });
  }

  async prepare(): Promise<void> {
    // Without a message log: whether one may be kept is another question than whether the caller may call.
    await deployFlow(this.#admin, 'chaos', 'NONE');
    this.#instance = await newInstance(this.#admin, 'chaos');
  }

  async makeKey(way: Way): Promise<Credentials & { readonly id: string }> {
    const parameters =
      way === 'token'
        ? ({ 'key-type': 'client_secret' } as const)
        : ({ 'key-type': 'certificate', 'key-algorithm': 'P-256' } as const);
    const name = `k${++this.#count}`;
    const made = await this.#change('201', () =>
      this.#admin.call(createServiceKey, { serviceInstanceId: this.#instance, name, parameters }),
    );
    this.#made.add(made.id);
    // Not published yet: its first call might come too early.
    if (made.propagation !== 'published') throw new Error('A new key is not published.');
    const { clientid, clientsecret, certificate, key } = made.credentials;
    const { flowPort: port, serverRoot } = this;
    if (way === 'token') {
      if (clientid === undefined || clientsecret === undefined) throw new Error('A new key came without its secret.');
      const secret = { clientId: clientid, clientSecret: clientsecret };
      return { id: made.id, way, token: await newToken({ port, serverRoot, secret }) };
    }
    if (certificate === undefined || key === undefined) throw new Error('A new key came without its private key.');
    const held = { id: made.id, way, certificate, key };
    return way === 'certificate' ? held : { ...held, token: await newToken({ port, serverRoot, certificate, key }) };
  }

  async revoke(id: string): Promise<boolean> {
    try {
      await this.#change('200', () => this.#admin.call(revokeServiceKey, { id, reason: 'keyCompromise' }));
    } catch (error) {
      // Conflict: it is revoked already, by a request whose answer was lost.
      if (!(error instanceof AdminApiError && error.status === 409)) return false;
    }
    this.#revoked.add(id);
    return true;
  }

  takeAnswers(): Outcomes {
    const outcomes = this.#outcomes;
    this.#outcomes = {};
    return outcomes;
  }

  async findLost(): Promise<string[]> {
    const lost: string[] = [];
    for (const id of this.#made) {
      const status = await this.#statusOf(id);
      if (status === undefined) lost.push(`the key ${id} was made with 2xx and is not there`);
      else if (this.#revoked.has(id) && status !== 'revoked')
        lost.push(`the key ${id} was revoked with 2xx and is ${status}`);
    }
    return lost;
  }

  /** What cannot be answered now is asked for again. @returns undefined when there is no such key */
  async #statusOf(id: string): Promise<string | undefined> {
    for (let turn = 0; ; turn++) {
      try {
        return (await this.#admin.call(getServiceKey, { id })).status;
      } catch (error) {
        if (error instanceof AdminApiError && error.status === 404) return undefined;
        if (turn === 20) throw error;
        await sleep(500);
      }
    }
  }

  /** Counts how it was answered. @param done the status when the change is published */
  async #change<T extends { readonly propagation: 'published' | 'pending' }>(
    done: string,
    make: () => Promise<T>,
  ): Promise<T> {
    let outcome = 'no answer';
    try {
      const answer = await make();
      outcome = answer.propagation === 'published' ? done : '202';
      return answer;
    } catch (error) {
      if (error instanceof AdminApiError) {
        const retry = error.status === 503 && error.retryAfterSeconds === undefined ? ' without Retry-After' : '';
        outcome = `${error.status}${retry}`;
      }
      throw error;
    } finally {
      this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1;
    }
  }
}
