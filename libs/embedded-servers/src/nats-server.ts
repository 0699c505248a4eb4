import { startChildServer, type ChildServer } from './child-server.js';
import { locateNatsServer } from './nats-server-binary.js';

export interface NatsServerOptions {
  readonly configurationFile: string;
  readonly onLine?: (line: string) => void;
  readonly say?: (message: string) => void;
}

/** Starts a real nats-server from a configuration file and waits until it accepts clients. */
export function startNatsServer(options: NatsServerOptions): Promise<ChildServer> {
  return startChildServer(locateNatsServer(options.say), ['-c', options.configurationFile], {
    ...(options.onLine ? { onLine: options.onLine } : {}),
    readyWhen: (line) => line.includes('Server is ready'),
  });
}
