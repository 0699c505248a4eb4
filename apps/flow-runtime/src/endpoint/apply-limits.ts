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

export function applyLimits(server: Server, limits: ListenerLimits): void {
  server.headersTimeout = limits.headersTimeout;
  server.requestTimeout = limits.requestTimeout;
  server.keepAliveTimeout = limits.keepAliveTimeout;
  // Node would leave out the header lines beyond a limit without a word: they are counted where they can be refused.
  server.maxHeadersCount = 0;
  server.on('clientError', answerClientError);
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

const statusOfError: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/**
 * What cannot be read as HTTP is answered once, and the connection ends: what follows might be read in two ways. Any other
 * error is one of the connection or its handshake, over which nothing can be said.
 */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  const { code = '' } = error;
  const status = statusOfError[code] ?? (code.startsWith('HPE_') ? '400 Bad Request' : undefined);
  if (status === undefined || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}
