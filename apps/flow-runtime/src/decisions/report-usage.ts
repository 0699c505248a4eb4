import { reportUsage, type RequestOf } from '@sluice/contracts';
import type { Permit } from './permit-cache.js';
import type { Requester } from './ask-again.js';

type Used = RequestOf<typeof reportUsage>['used'][number];
type UsedSecret = NonNullable<RequestOf<typeof reportUsage>['secrets']>[number];

const maxInOneReport = 5_000;

/**
 * Tells key-management which certificates and secrets were used, in one message an interval. What a request pays is a comparison and
 * a write of one field; what could not be told is told with the next report.
 */
export class ReportUsage {
  #noted: Permit[] = [];
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  #reporting: Promise<void> = Promise.resolve();
  readonly #untold = new Map<string, Used>();
  readonly #untoldSecrets = new Map<string, UsedSecret>();

  constructor(
    private readonly requests: Requester,
    private readonly now: () => number,
    private readonly intervalMs: number,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  /** @param at milliseconds since 1970 */
  note(permit: Permit, at: number): void {
    if (permit.usedAtMs <= this.#since) this.#noted.push(permit);
    permit.usedAtMs = at;
  }

  start(): void {
    this.#timer = setInterval(() => void this.report(), this.intervalMs);
  }

  /** Tells what is left. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.report();
  }

  /** One report after another; an empty one says that nothing was used. */
  report(): Promise<void> {
    return (this.#reporting = this.#reporting.then(() => this.#report()));
  }

  async #report(): Promise<void> {
    this.#collect();
    try {
      // Listed once: for each of many messages it would take as long again.
      const untold = [...this.#untold];
      const secrets = [...this.#untoldSecrets];
      const most = Math.max(untold.length, secrets.length);
      for (let told = 0; told === 0 || told < most; told += maxInOneReport) {
        const batch = untold.slice(told, told + maxInOneReport);
        const ofSecrets = secrets.slice(told, told + maxInOneReport);
        await this.requests.call(reportUsage, {
          used: batch.map(([, used]) => used),
          secrets: ofSecrets.map(([, used]) => used),
        });
        for (const [key] of batch) this.#untold.delete(key);
        for (const [id] of ofSecrets) this.#untoldSecrets.delete(id);
      }
    } catch (error) {
      this.onFault(error, 'reporting which certificates and secrets were used');
    }
  }

  #collect(): void {
    const noted = this.#noted;
    this.#noted = [];
    this.#since = this.now();
    for (const { caller, usedAtMs } of noted) {
      const { serviceKeyId, secretId, certificateSha256: sha256 } = caller;
      // Known by its names alone, as the flow asks: it is in no key.
      if (serviceKeyId === undefined) continue;
      if (secretId !== undefined) {
        // A certificate that came beside it is in no key either.
        const atMs = Math.max(usedAtMs, this.#untoldSecrets.get(secretId)?.atMs ?? 0);
        this.#untoldSecrets.set(secretId, { id: secretId, serviceKeyId, atMs });
      } else if (sha256 !== undefined) {
        const key = `${serviceKeyId} ${sha256}`;
        const atMs = Math.max(usedAtMs, this.#untold.get(key)?.atMs ?? 0);
        this.#untold.set(key, { sha256, serviceKeyId, atMs });
      }
    }
  }
}
