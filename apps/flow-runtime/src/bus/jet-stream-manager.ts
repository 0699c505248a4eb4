import { Shell } from '@sluice/service-shell';
import { jetstreamManager } from '@nats-io/jetstream';
import type { Provider } from '@nestjs/common';

/** Injects the `JetStreamManager` of this process' connection. */
export const JET_STREAM_MANAGER = Symbol('JET_STREAM_MANAGER');

export const jetStreamManagerProvider: Provider = {
  provide: JET_STREAM_MANAGER,
  inject: [Shell],
  useFactory: ({ connection }: Shell) => jetstreamManager(connection, { checkAPI: false }),
};
