import { streamSizes } from '@sluice/contracts';
import { CertificateListStore, createEventStream, makeRuntimeStreams, StateBucket } from '@sluice/messaging';
import { lockRow } from '@sluice/persistence';
import { CONFIG, ON_FAULT, RepeatedWork, Shell } from '@sluice/service-shell';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';

/** Held by the one process that makes the state bucket, anew or for the first time. */
export const rebuilding = 'rebuild-state';
/** How often it is seen to that every stream is there. */
const checkMs = 5_000;

/** Every stream of the bus: key-management alone may make them. */
@Injectable()
export class Streams implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #repeated: RepeatedWork;

  constructor(
    private readonly shell: Shell,
    @Inject(CONFIG)
    private readonly config: Pick<Config, 'BUS_REPLICAS' | 'BUS_STORE_MB' | 'DECISION_RETENTION_HOURS'>,
    private readonly bucket: StateBucket,
    private readonly certificateLists: CertificateListStore,
    private readonly dataSource: DataSource,
    @Inject(ON_FAULT) onFault: (error: unknown, what: string) => void,
  ) {
    this.#repeated = new RepeatedWork({
      work: () => this.keep(),
      what: 'keeping the streams',
      everyMs: checkMs,
      onFault,
    });
  }

  /** Of several processes one makes a bucket that is missing: another could take away what the first has just made. */
  async keep(): Promise<void> {
    if (await this.bucket.state()) return this.make();
    await this.dataSource.transaction(async (manager) => {
      await lockRow(manager, rebuilding);
      await this.make();
    });
  }

  /** Makes what is missing, and brings what is there to its configuration; for who holds the lock on it, where the bucket is missing. */
  async make(): Promise<void> {
    const { BUS_REPLICAS: replicas, BUS_STORE_MB, DECISION_RETENTION_HOURS } = this.config;
    const { connection } = this.shell;
    // A sealed one is being replaced, and takes no other configuration.
    if (!(await this.bucket.state())?.sealed) await this.bucket.create(replicas);
    await this.certificateLists.create(replicas);
    await createEventStream(connection, replicas);
    await makeRuntimeStreams(connection, DECISION_RETENTION_HOURS * 3_600_000, streamSizes(BUS_STORE_MB), replicas);
  }

  /** One that was lost, or could not be made for want of room, is there again soon after there is room. */
  onApplicationBootstrap(): void {
    this.#repeated.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.#repeated.stop();
  }
}
