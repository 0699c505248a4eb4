import { openDatabase, runService } from '@sluice/service-shell';
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
  build: async (shell, config) => {
    const { connection, metrics, onFault } = shell;
    const dataSource = await openDatabase(shell, config, { schema, entities, migrations });
    const store = new StoreMessages(connection, dataSource, onFault);
    shell.onShutdown(() => store.stop());
    const keepLog = new KeepMessageLog(dataSource, {
      retentionDays: config.MESSAGE_LOG_DAYS,
      runtimeGoneAfterMs: config.RUNTIME_GONE_AFTER_MS,
      now: () => Date.now(),
      onFault,
    });
    shell.onShutdown(() => keepLog.stop());
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
