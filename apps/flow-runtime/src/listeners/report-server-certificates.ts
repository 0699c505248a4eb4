import { reportServerCertificates } from '@sluice/contracts';
import { decodePem } from '@sluice/pki';
import type { Requester } from '../decisions/ask-again.js';

const everyMs = 5 * 60_000;
const retryMs = 5_000;

/** Tells key-management which certificates the listeners show, so that they are in its list by their ends. */
export class ReportServerCertificates {
  #timer: NodeJS.Timeout | undefined;
  #reporting: Promise<void> = Promise.resolve();
  #stopped = false;

  /** @param chains PEM of each virtual host, the leaf first, as it is shown now */
  constructor(
    private readonly chains: () => readonly string[],
    private readonly requests: Requester,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  /** The first report is a moment later: at the start of a stack key-management may not be there yet. */
  start(): void {
    this.#schedule(retryMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#reporting;
  }

  async #report(): Promise<void> {
    let nextMs = everyMs;
    try {
      const chains = this.chains().map((pem) => decodePem(pem).map((der) => Buffer.from(der).toString('base64')));
      await this.requests.call(reportServerCertificates, { chains });
    } catch (error) {
      this.onFault(error, 'reporting the server certificates');
      nextMs = retryMs;
    }
    if (!this.#stopped) this.#schedule(nextMs);
  }

  #schedule(inMs: number): void {
    this.#timer = setTimeout(() => {
      this.#reporting = this.#report();
    }, inMs).unref();
  }
}
