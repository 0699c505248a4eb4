import 'reflect-metadata';
import type { ServiceName } from '@sluice/contracts';
import { BusServer, connectBus, PassErrorsOn, RequestClient } from '@sluice/messaging';
import { NewerSchema } from '@sluice/persistence';
import type { NatsConnection } from '@nats-io/transport-node';
import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { hostname } from 'node:os';
import { startHealthServer } from './health-server.js';
import { injectFaults } from './inject-faults.js';
import { createLog, droppedLogLines, exitAfterLastLine, nestLogger, type Log } from './log.js';
import { Metrics } from './metrics/metrics.js';
import { Readiness } from './modules/readiness.js';
import { ShellModule } from './modules/shell.module.js';
import { exportSpans, recordAnswer } from './spans/wire-spans.js';
import { ConfigurationError, type ShellEnvironment } from './read-environment.js';
import type { Shell } from './shell.js';
import { unavailableNow } from './unavailable-now.js';

export interface ServiceDefinition<Environment extends ShellEnvironment> {
  readonly service: ServiceName;
  /** Reads the environment; a ConfigurationError ends the process with its sentence. */
  readonly readConfig: () => Environment;
  /** The root module of the service. What it may inject is provided by `ShellModule`. */
  readonly module: Type | DynamicModule;
  /**
   * Takes requests only once it is ready, and until then leaves them to the other processes of its queue group. For a
   * service that can answer nothing before; others must answer administrators though state is missing.
   */
  readonly takesRequestsWhenReady?: boolean;
  /** Requests under way at once; one more is refused as `overloaded`. */
  readonly maximumInFlight?: (config: Environment) => number;
}

/** Holds the shell's module and the service's own. */
@Module({})
class ServiceRoot {}

const readinessPollMs = 20;

/** Longest time the work under way may take when the service is told to end. */
const shutdownGraceMs = 15_000;

/** The whole life of a service process: configuration, bus, handlers, health, and an end that finishes what is under way. */
export async function runService<Environment extends ShellEnvironment>(
  definition: ServiceDefinition<Environment>,
): Promise<void> {
  const { service } = definition;
  let config: Environment;
  try {
    config = definition.readConfig();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(78);
  }
  const log = createLog(service, config.LOG_LEVEL);
  const endings: (() => Promise<void> | void)[] = [];
  const processName = `${service}-${hostname()}-${process.pid}`;
  const onFault = (error: unknown, what: string) => log.warn({ err: error }, `${what} failed`);
  let ending = false;
  let missing: () => readonly string[] = () => ['it is starting'];
  let closeServer: () => Promise<void> = () => Promise.resolve();

  const end = async (why: string, code: number) => {
    if (ending) return;
    ending = true;
    log.info({ why }, 'ending');
    const timer = setTimeout(() => {
      exitAfterLastLine(log, () => log.error('the work under way did not end in time'), 1);
    }, shutdownGraceMs);
    timer.unref();
    await closeServer().catch((error: unknown) => onFault(error, 'closing the request handlers'));
    for (const ending of endings.reverse()) {
      try {
        await ending();
      } catch (error) {
        onFault(error, 'a step of the shutdown');
      }
    }
    exitAfterLastLine(log, () => log.info('ended'), code);
  };
  process.once('SIGTERM', () => void end('SIGTERM', 0));
  process.once('SIGINT', () => void end('SIGINT', 0));
  // Whoever started us with a channel is gone: do not live on without it.
  process.once('disconnect', () => void end('the parent process ended', 0));
  process.on('unhandledRejection', (error) => {
    if (ending) return onFault(error, 'what was begun before the end');
    log.fatal({ err: error }, 'a promise was rejected and nobody handled it');
    void end('unhandled rejection', 1);
  });
  process.on('uncaughtException', (error) => {
    if (ending) return onFault(error, 'what was begun before the end');
    log.fatal({ err: error }, 'an exception was not caught');
    void end('uncaught exception', 1);
  });

  const metrics = new Metrics();
  metrics.addProcessMetrics();
  const callSeconds = metrics.histogram(
    'sluice_call_seconds',
    'Calls of other services, by subject and how they ended.',
    { labelNames: ['subject', 'outcome'] },
  );
  const answerSeconds = metrics.histogram(
    'sluice_answer_seconds',
    'Requests answered, by subject and how they ended.',
    { labelNames: ['subject', 'outcome'] },
  );

  const health = await startHealthServer({
    host: config.HEALTH_HOST,
    port: config.HEALTH_PORT,
    service,
    notReady: () => (ending ? ['it is ending'] : missing()),
    metrics: () => metrics.render(),
    onFault,
  });
  process.send?.({ healthPort: health.port });
  endings.push(() => void health.server.close());
  log.info({ healthPort: health.port }, 'starting');

  const connection = await connectBus({
    service,
    url: config.NATS_URL,
    seedFile: config.NATS_SEED_FILE,
    caFile: config.NATS_CA_FILE,
    name: processName,
  });
  endings.push(() => connection.drain());
  void watchConnection(connection, log);

  const spans = await exportSpans(config, { service, processName }, metrics, onFault);
  if (spans) endings.push(() => spans.stop());

  const onStep = config.FAULT_FILE === undefined ? undefined : injectFaults(config.FAULT_FILE);
  const shell: Shell = {
    service,
    processName,
    log,
    connection,
    requests: new RequestClient(connection, (subject, outcome, ms) =>
      callSeconds.observe(ms / 1_000, { subject, outcome }),
    ),
    metrics,
    spans,
    onFault,
    onStep,
    onShutdown: (step) => void endings.push(step),
  };
  const readiness = new Readiness();
  const notReady = () => (connection.isClosed() ? ['the bus cannot be reached'] : readiness.problems);
  let straysSeen = 0;
  let strayLoggedAt = -Infinity;
  const server = new BusServer({
    service,
    connection,
    opensWhen: async () => {
      while (definition.takesRequestsWhenReady && !ending && notReady().length > 0)
        await new Promise((resolve) => setTimeout(resolve, readinessPollMs));
    },
    maximumInFlight: definition.maximumInFlight?.(config) ?? 1_000,
    onStep,
    onFault: (error, subject) => log.error({ err: error, subject }, 'a request failed by a fault of ours'),
    explain: (error) => {
      const unavailable = unavailableNow(error);
      if (unavailable) log.warn({ err: error }, 'a request cannot be answered now');
      return unavailable;
    },
    onStrayRequest: (subject) => {
      straysSeen++;
      // Whoever sends many may not fill the log with them.
      if (performance.now() - strayLoggedAt < 10_000) return;
      strayLoggedAt = performance.now();
      log.warn({ subject }, 'dropped a request whose answer would go where no asker of it listens');
    },
    onAnswered: (subject, outcome, ms, context) => {
      answerSeconds.observe(ms / 1_000, { subject, outcome });
      if (spans) recordAnswer(spans, subject, outcome, ms, context);
    },
  });
  metrics.counted('sluice_log_lines_dropped_total', 'Lines of the log that could not be written.', droppedLogLines);
  metrics.counted(
    'sluice_requests_stray_total',
    'Requests dropped because their answer would go where no asker of them listens.',
    () => straysSeen,
  );
  metrics.gauge('sluice_requests_in_flight', 'Requests of other services being answered now.', () => server.inFlight);
  const app = await NestFactory.createMicroservice(
    { module: ServiceRoot, imports: [ShellModule.of(shell, config, readiness), definition.module] },
    { strategy: server, logger: nestLogger(log), abortOnError: false },
  ).catch((error: unknown) => {
    if (ending) return;
    if (!(error instanceof NewerSchema)) throw error;
    exitAfterLastLine(log, () => log.fatal(error.message), 78);
  });
  if (!app) return;
  closeServer = () => app.close();
  app.useGlobalFilters(new PassErrorsOn());
  await app.listen().catch((error: unknown) => {
    if (!ending) throw error;
  });
  if (ending) return;
  missing = notReady;
  log.info('started');
}

async function watchConnection(connection: NatsConnection, log: Log): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') log.warn('the bus is away');
    else if (status.type === 'reconnect') log.info('the bus is back');
    else if (status.type === 'error') log.warn({ err: status.error }, 'the bus refused something');
  }
}
