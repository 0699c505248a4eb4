import type { ServiceName } from '@sluice/contracts';
import type { RequestClient } from '@sluice/messaging';
import type { NatsConnection } from '@nats-io/transport-node';
import type { DynamicModule, InjectionToken, Type } from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { createLog } from '../log.js';
import { Metrics } from '../metrics/metrics.js';
import { Readiness } from '../modules/readiness.js';
import { ShellModule } from '../modules/shell.module.js';
import type { Shell } from '../shell.js';

export interface ServiceUnderTestOptions {
  readonly service: ServiceName;
  /** The service's own root module: what is tested is wired as it is in production. */
  readonly module: Type | DynamicModule;
  readonly config: object;
  /** To a real server. */
  readonly connection: NatsConnection;
  /** Milliseconds since 1970; the real time when absent. */
  readonly now?: () => number;
  /** Asks the other services; absent where the test starts none. */
  readonly requests?: RequestClient;
  readonly onFault?: (error: unknown, what: string) => void;
  /** Puts something else in the place of what has no part in the test, such as a timer. */
  readonly override?: (builder: TestingModuleBuilder) => TestingModuleBuilder;
}

export interface ServiceUnderTest {
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  get<T>(token: InjectionToken<T>): T;
  /** Ends it as the service ends: the hooks of its modules, then what was opened. */
  stop(): Promise<void>;
}

/** Starts the modules of a service in this process, on real servers and the clock of a test. */
export async function startService(options: ServiceUnderTestOptions): Promise<ServiceUnderTest> {
  const endings: (() => Promise<void> | void)[] = [];
  const metrics = new Metrics();
  const shell: Shell = {
    service: options.service,
    processName: `${options.service}-under-test`,
    log: createLog(options.service, 'silent'),
    connection: options.connection,
    requests: options.requests ?? nobodyToAsk,
    metrics,
    onFault: options.onFault ?? (() => undefined),
    onShutdown: (end) => void endings.push(end),
  };
  const readiness = new Readiness();
  const builder = Test.createTestingModule({
    imports: [ShellModule.of(shell, options.config, readiness, options.now), options.module],
  });
  const testing = await (options.override?.(builder) ?? builder).compile();
  const stop = async () => {
    await testing.close();
    for (const end of endings.reverse()) await end();
  };
  try {
    await testing.init();
  } catch (error) {
    // What was opened before the fault would keep the test process.
    await stop();
    throw error;
  }
  return {
    readiness,
    metrics,
    get: (token) => testing.get(token, { strict: false }),
    stop,
  };
}

const nobodyToAsk = new Proxy({} as RequestClient, {
  get: () => {
    throw new Error('this test starts no other service to ask');
  },
});
