import type { ServiceName } from '@sluice/contracts';
import type { RequestClient } from '@sluice/messaging';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Log } from './log.js';
import type { Metrics } from './metrics/metrics.js';
import type { ExportSpans } from './spans/export-spans.js';

/** What a service builds its modules on. */
export abstract class Shell {
  abstract readonly service: ServiceName;
  /** Name of this process among those of its service. */
  abstract readonly processName: string;
  abstract readonly log: Log;
  abstract readonly connection: NatsConnection;
  abstract readonly requests: RequestClient;
  abstract readonly metrics: Metrics;
  /** Takes spans; absent unless they are exported. */
  abstract readonly spans?: ExportSpans | undefined;
  /** Logs a fault that was survived. */
  abstract readonly onFault: (error: unknown, what: string) => void;
  /** Told each step of a change, in tests of what a crash there leaves behind. */
  abstract readonly onStep?: ((step: string) => void) | undefined;
  /** Runs when the service ends, the last added first, after the requests under way are answered. */
  abstract onShutdown(end: () => Promise<void> | void): void;
}
