import type { Server as PlainServer } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import { ConnectionQuota } from './connection-quota.js';

/** Limits on everything a stranger controls. Times in milliseconds. */
export interface ListenerLimits {
  /** From the connection to the end of the TLS handshake. */
  readonly handshakeTimeout: number;
  /** From the connection, or the first byte of a request, to the end of its head. */
  readonly headersTimeout: number;
  /** From there to the end of its body. */
  readonly requestTimeout: number;
  /** Between two requests. */
  readonly keepAliveTimeout: number;
  readonly maxConnections: number;
  /** From one address (IPv4) or one network (IPv6, /64). */
  readonly maxConnectionsPerAddress: number;
}

/** Of a request's head: bytes, and header lines. */
export const headLimits = { maxHeaderSize: 32 * 1024, maxHeaders: 100 } as const;

/** How often Node looks for requests that are over their time. */
export const timeoutCheckMs = 1_000;

export function applyLimits(server: PlainServer | Server, limits: ListenerLimits): void {
  server.headersTimeout = limits.headersTimeout;
  server.requestTimeout = limits.requestTimeout;
  server.keepAliveTimeout = limits.keepAliveTimeout;
  // Node would leave out the header lines beyond a limit without a word: they are counted where they can be refused.
  server.maxHeadersCount = 0;
  const quota = new ConnectionQuota(limits.maxConnections, limits.maxConnectionsPerAddress);
  for (const accept of server.listeners('connection')) {
    server.off('connection', accept as (socket: Socket) => void);
    server.on('connection', (socket: Socket) => {
      // Refused before TLS begins: that is what costs.
      if (quota.admit(socket)) accept.call(server, socket);
      else socket.destroy();
    });
  }
  server.on('request', (request) => quota.served(request.socket));
}
