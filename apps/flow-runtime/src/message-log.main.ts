import { runService } from '@sluice/service-shell';
import { readMessageLogConfig } from './config.js';
import { MessageLogModule } from './messages/message-log.module.js';

// The second program of this app: it stores the log, off the runtimes' processors (ADR 27).
await runService({ service: 'message-log', readConfig: readMessageLogConfig, module: MessageLogModule });
