import { inboxPrefix, type ServiceName } from '@sluice/contracts';
import { connect, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { readFileSync } from 'node:fs';

export interface BusOptions {
  readonly service: ServiceName;
  readonly url: string;
  /** File with the service's nkey seed (`SU…`). */
  readonly seedFile: string;
  /** File with the CA certificate of the servers. */
  readonly caFile: string;
  /** Shown in the server's connection list; tells the processes of one service apart. */
  readonly name: string;
}

/**
 * Connects to NATS and stays connected: it waits for a server that is not up yet, and comes back with growing, jittered
 * delays after each loss.
 */
export function connectBus(options: BusOptions): Promise<NatsConnection> {
  let attempt = 0;
  return connect({
    servers: options.url,
    name: options.name,
    inboxPrefix: inboxPrefix(options.service),
    authenticator: nkeyAuthenticator(new TextEncoder().encode(readFileSync(options.seedFile, 'utf8').trim())),
    tls: { ca: readFileSync(options.caFile, 'utf8') },
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: () => {
      attempt = Math.min(attempt + 1, 6);
      return Math.random() * 50 * 2 ** attempt;
    },
    pingInterval: 5_000,
    maxPingOut: 2,
    // A request made while the bus is away must fail at once and be refused, not wait in a buffer for an answer that is late.
    ignoreClusterUpdates: true,
    // Else every request makes two error objects with their stack traces, in case it fails: a tenth of a verifier's CPU.
    noAsyncTraces: true,
  });
}
