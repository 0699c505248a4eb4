import { CLOCK, CONFIG, ON_FAULT, PublishedChanges, Shell } from '@sluice/service-shell';
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
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> | undefined;

  constructor(
    private readonly announceAuditHead: AnnounceAuditHead,
    @Inject(CONFIG) private readonly config: Settings,
    @Inject(ON_FAULT) private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => this.#look(), Math.min(this.config.AUDIT_HEAD_INTERVAL_SECONDS * 1_000, maxLookMs));
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  #look(): void {
    this.#running ??= this.announceAuditHead
      .execute()
      .catch((error: unknown) => this.onFault(error, 'announcing audit.head'))
      .finally(() => (this.#running = undefined));
  }
}
