import { inboxPrefix, type ServiceName } from '@sluice/contracts';
import { connect, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { readFileSync } from 'node:fs';
import { failRequestsWithConnection } from './fail-with-connection.js';

export interface BusOptions {
  readonly service: ServiceName;
  /** Of one server, or of several, separated by commas. */
  readonly url: string;
  /** File with the service's nkey seed (`SU…`). */
  readonly seedFile: string;
  /** File with the CA certificate of the servers. */
  readonly caFile: string;
  /** Shown in the server's connection list; tells the processes of one service apart. */
  readonly name: string;
  /** Where its answers come, when it is another user than the service's own. */
  readonly inboxPrefix?: string;
  /** Goes on trying though the server does not know the user: its configuration may be older than this program. */
  readonly waitUntilKnown?: boolean;
}

/** Between two tries to come back, in milliseconds; half of it on average. A server takes some hundred handshakes a second. */
const reconnectDelayMs = 500;

/**
 * Connects to NATS and stays connected: it waits for a server that is not up yet, and comes back after each loss. Requests fail
 * with the connection.
 */
export async function connectBus(options: BusOptions): Promise<NatsConnection> {
  const connection = await connect({
    servers: options.url.split(','),
    name: options.name,
    inboxPrefix: options.inboxPrefix ?? inboxPrefix(options.service),
    authenticator: nkeyAuthenticator(new TextEncoder().encode(readFileSync(options.seedFile, 'utf8').trim())),
    tls: { ca: readFileSync(options.caFile, 'utf8') },
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: options.waitUntilKnown ?? false,
    reconnectDelayHandler: () => Math.random() * reconnectDelayMs,
    // A server that is frozen closes nothing: after 7.5 s without an answer another one is tried, and given up in its turn.
    pingInterval: 2_500,
    maxPingOut: 2,
    timeout: 5_000,
    ignoreClusterUpdates: true,
    // Else every request makes two error objects with their stack traces, in case it fails: a tenth of a verifier's CPU.
    noAsyncTraces: true,
  });
  failRequestsWithConnection(connection);
  return connection;
}
