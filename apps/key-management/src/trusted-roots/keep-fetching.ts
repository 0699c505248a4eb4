import { StateFollower } from '@sluice/messaging';
import { ON_FAULT, RepeatedWork } from '@sluice/service-shell';
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
  readonly #repeated: RepeatedWork;

  constructor(
    private readonly fetching: FetchCertificateLists,
    private readonly lists: CertificateLists,
    private readonly follower: StateFollower,
    @Inject(ON_FAULT) onFault: (error: unknown, what: string) => void,
  ) {
    this.#repeated = new RepeatedWork({
      work: () => this.#work(),
      what: 'keeping the CRLs of trusted roots',
      everyMs: lookEveryMs,
      onFault,
    });
  }

  onApplicationBootstrap(): void {
    this.follower.onEpoch(() => {
      this.#storeKeptAt = 0;
      void this.#repeated.now();
    });
    this.#repeated.start();
    void this.#repeated.now();
  }

  onApplicationShutdown(): Promise<void> {
    return this.#repeated.stop();
  }

  async #work(): Promise<void> {
    if (Date.now() - this.#storeKeptAt >= keepStoreEveryMs && this.follower.epoch !== undefined) {
      await this.lists.keepStore();
      this.#storeKeptAt = Date.now();
    }
    await this.fetching.run();
  }
}
