import { createDataSource, initializeDataSource } from '@sluice/persistence';
import { runService } from '@sluice/service-shell';
import { readMessageLogConfig } from './config.js';
import { KeepMessageLog } from './keep-message-log/keep-message-log.js';
import { entities, schema } from './persistence/entities.js';
import { migrations } from './persistence/migrations.js';
import { StoreMessages } from './store-messages/store-messages.js';

/** It answers no requests. */
class MessageLogModule {}

/** The second program of this app: what the runtimes have recorded goes from JetStream to Postgres, off their processors (ADR 27). */
await runService({
  service: 'message-log',
  readConfig: readMessageLogConfig,
  build: async ({ connection, metrics, onFault, onShutdown, processName }, config) => {
    const dataSource = createDataSource({
      databaseUrl: config.DATABASE_URL,
      schema,
      entities,
      migrations,
      poolSize: config.DATABASE_POOL_SIZE,
      applicationName: processName,
    });
    await initializeDataSource(dataSource, (error) => onFault(error, 'connecting to Postgres'));
    onShutdown(() => dataSource.destroy());
    const store = new StoreMessages(connection, dataSource, onFault);
    onShutdown(() => store.stop());
    const keepLog = new KeepMessageLog(dataSource, {
      retentionDays: config.MESSAGE_LOG_DAYS,
      runtimeGoneAfterMs: config.RUNTIME_GONE_AFTER_MS,
      now: () => Date.now(),
      onFault,
    });
    onShutdown(() => keepLog.stop());
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
    return {
      module: MessageLogModule,
      notReady: () => (store.missing ? [store.missing] : []),
      start: () => {
        keepLog.start();
        store.start();
      },
    };
  },
});
