import { StateFollower } from '@sluice/messaging';
import { ON_FAULT } from '@sluice/service-shell';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CertificateLists } from './certificate-lists.js';
import { FetchCertificateLists } from './fetch-certificate-lists.js';

const lookEveryMs = 5_000;
const keepStoreEveryMs = 60_000;

/**
 * Looks for CRLs that are due, and keeps the object store whole: at the start, every minute, and at once when the bus has
 * lost its streams.
 */
@Injectable()
export class KeepFetching implements OnApplicationBootstrap, OnApplicationShutdown {
  #storeKeptAt = 0;
  #running: Promise<unknown> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly fetching: FetchCertificateLists,
    private readonly lists: CertificateLists,
    private readonly follower: StateFollower,
    @Inject(ON_FAULT) private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  onApplicationBootstrap(): void {
    this.follower.onEpoch(() => {
      this.#storeKeptAt = 0;
      this.#look();
    });
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
    this.#look();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  #look(): void {
    this.#running ??= this.#work().finally(() => (this.#running = undefined));
  }

  async #work(): Promise<void> {
    try {
      if (Date.now() - this.#storeKeptAt >= keepStoreEveryMs && this.follower.epoch !== undefined) {
        await this.lists.keepStore();
        this.#storeKeptAt = Date.now();
      }
      await this.fetching.run();
    } catch (error) {
      this.onFault(error, 'keeping the CRLs of trusted roots');
    }
  }
}
