import { setTimeout as sleep } from 'node:timers/promises';
import type { Credentials } from './caller.js';
import type { Administration, Outcomes } from './traffic.js';

/** Without a message log: whether one may be kept is another question than whether the caller may call. */
const flow = 'name: chaos\nsender: {adapter: HTTPS, address: /chaos}\nsteps: []\nlog: {level: NONE}\n';
const answerTimeoutMs = 10_000;

/** The administrator of a drill: makes and revokes keys, and remembers what was answered with 2xx. */
export class Changes implements Administration {
  #instance = '';
  #count = 0;
  #outcomes: Outcomes = {};
  readonly #made = new Set<string>();
  readonly #revoked = new Set<string>();

  constructor(
    private readonly adminUrl: string,
    private readonly adminToken: string,
  ) {}

  async prepare(): Promise<void> {
    const deployed = await this.#send('PUT', '/v1/flows/chaos', flow, 'application/yaml');
    const created = await this.#send('POST', '/v1/service-instances', { name: 'chaos' });
    if (!deployed.ok || !created.ok) throw new Error(`${await deployed.text()} ${await created.text()}`);
    this.#instance = ((await created.json()) as { id: string }).id;
  }

  async makeKey(): Promise<Credentials & { readonly id: string }> {
    const parameters = { 'key-type': 'certificate', 'key-algorithm': 'P-256' };
    const answer = await this.#change(`/v1/service-instances/${this.#instance}/service-keys`, {
      name: `k${++this.#count}`,
      parameters,
    });
    if (!answer.ok) throw new Error(`${answer.status} for a new key`);
    const key = (await answer.json()) as { id: string; credentials: { certificate: string; key: string } };
    this.#made.add(key.id);
    // With 202 it is not published yet, and its first call might come too early.
    if (answer.status !== 201) throw new Error(`${answer.status} for a new key`);
    return { id: key.id, ...key.credentials };
  }

  async revoke(key: string): Promise<boolean> {
    try {
      const answer = await this.#change(`/v1/service-keys/${key}/revoke`, { reason: 'keyCompromise' });
      // Conflict: it is revoked already, by a request whose answer was lost.
      const revoked = answer.ok || answer.status === 409;
      if (revoked) this.#revoked.add(key);
      return revoked;
    } catch {
      return false;
    }
  }

  takeAnswers(): Outcomes {
    const outcomes = this.#outcomes;
    this.#outcomes = {};
    return outcomes;
  }

  async findLost(): Promise<string[]> {
    const lost: string[] = [];
    for (const id of this.#made) {
      const answer = await this.#read(`/v1/service-keys/${id}`);
      if (answer.status === 404) lost.push(`the key ${id} was made with 2xx and is not there`);
      else if (this.#revoked.has(id)) {
        const { status } = (await answer.json()) as { status: string };
        if (status !== 'revoked') lost.push(`the key ${id} was revoked with 2xx and is ${status}`);
      }
    }
    return lost;
  }

  /** What cannot be answered now is asked for again. */
  async #read(path: string): Promise<Response> {
    for (let turn = 0; ; turn++) {
      const answer = await this.#send('GET', path);
      if (answer.ok || answer.status === 404 || turn === 20) return answer;
      await sleep(500);
    }
  }

  async #change(path: string, body: unknown): Promise<Response> {
    let outcome = 'no answer';
    try {
      const answer = await this.#send('POST', path, body);
      const retry = answer.status === 503 && answer.headers.get('retry-after') === null ? ' without Retry-After' : '';
      outcome = `${answer.status}${retry}`;
      return answer;
    } finally {
      this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1;
    }
  }

  #send(method: string, path: string, body?: unknown, type = 'application/json'): Promise<Response> {
    return fetch(`${this.adminUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.adminToken}`, 'content-type': type },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
  }
}
