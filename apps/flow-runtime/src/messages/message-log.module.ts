import { CLOCK, CONFIG, DatabaseModule, ON_FAULT, Readiness, Shell } from '@sluice/service-shell';
import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { MessageLogConfig } from '../config.js';
import { entities, schema } from '../persistence/entities.js';
import { migrations } from '../persistence/migrations.js';
import { KeepMessageLog } from './keep-message-log.js';
import { StoreMessages } from './store-messages.js';

/** The program message-log: what the runtimes have recorded goes from JetStream to Postgres. It answers no requests. */
@Module({
  imports: [DatabaseModule.forRoot({ schema, entities, migrations })],
  providers: [
    {
      provide: StoreMessages,
      inject: [Shell, DataSource],
      useFactory: ({ connection, onFault }: Shell, dataSource: DataSource) =>
        new StoreMessages(connection, dataSource, onFault),
    },
    {
      provide: KeepMessageLog,
      inject: [DataSource, CONFIG, CLOCK, ON_FAULT],
      useFactory: (dataSource: DataSource, config: MessageLogConfig, now: () => number, onFault: Shell['onFault']) =>
        new KeepMessageLog(dataSource, {
          retentionDays: config.MESSAGE_LOG_DAYS,
          decisionRetentionHours: config.DECISION_RETENTION_HOURS,
          runtimeGoneAfterMs: config.RUNTIME_GONE_AFTER_MS,
          now,
          onFault,
        }),
    },
  ],
})
export class MessageLogModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly store: StoreMessages,
    private readonly keepLog: KeepMessageLog,
    readiness: Readiness,
    { metrics }: Shell,
  ) {
    readiness.require(() => (store.missing === undefined ? [] : [store.missing]));
    metrics.counted(
      'sluice_message_log_stored_batches_total',
      'Groups of entries moved to Postgres.',
      () => store.statistics.stored,
    );
    metrics.gauge(
      'sluice_message_log_pending_batches',
      'Groups of entries that waited in the stream behind the last one taken from it.',
      () => store.statistics.pending,
    );
    metrics.gauge(
      'sluice_message_log_held_bytes',
      'Octets of entries taken from the stream that are not in Postgres yet.',
      () => store.statistics.heldBytes,
    );
  }

  onApplicationBootstrap(): void {
    this.keepLog.start();
    this.store.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.keepLog.stop();
    await this.store.stop();
  }
}
