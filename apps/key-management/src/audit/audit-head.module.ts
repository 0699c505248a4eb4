import { CLOCK, CONFIG, ON_FAULT, PublishedChanges, RepeatedWork, Shell } from '@sluice/service-shell';
import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { AnnounceAuditHead } from './announce-audit-head.js';
import { readHeads } from './read-heads.js';

/** How often it is asked whether it is time. */
const maxLookMs = 60_000;

type Settings = Pick<Config, 'AUDIT_HEAD_INTERVAL_SECONDS'>;

@Module({
  providers: [
    {
      provide: AnnounceAuditHead,
      inject: [Shell, PublishedChanges, DataSource, CLOCK, CONFIG],
      useFactory: (
        shell: Shell,
        changes: PublishedChanges,
        dataSource: DataSource,
        now: () => number,
        config: Settings,
      ) =>
        new AnnounceAuditHead(
          changes,
          () => readHeads(shell, dataSource),
          now,
          config.AUDIT_HEAD_INTERVAL_SECONDS * 1_000,
        ),
    },
  ],
})
export class AuditHeadModule implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #repeated: RepeatedWork;

  constructor(
    announceAuditHead: AnnounceAuditHead,
    @Inject(CONFIG) config: Settings,
    @Inject(ON_FAULT) onFault: (error: unknown, what: string) => void,
  ) {
    this.#repeated = new RepeatedWork({
      work: () => announceAuditHead.execute(),
      what: 'announcing audit.head',
      everyMs: Math.min(config.AUDIT_HEAD_INTERVAL_SECONDS * 1_000, maxLookMs),
      onFault,
    });
  }

  onApplicationBootstrap(): void {
    this.#repeated.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.#repeated.stop();
  }
}
