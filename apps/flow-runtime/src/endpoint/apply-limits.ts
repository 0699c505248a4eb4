import type { Server } from 'node:https';

/** Limits on everything a stranger controls. Times in milliseconds. */
export interface ListenerLimits {
  /** From the connection to the end of the TLS handshake. */
  readonly handshakeTimeout: number;
  /** From the connection, or the first byte of a request, to the end of its head. */
  readonly headersTimeout: number;
  /** To the end of its body. */
  readonly requestTimeout: number;
  /** Between two requests. */
  readonly keepAliveTimeout: number;
  readonly maxConnections: number;
}

export const defaultLimits: ListenerLimits = {
  handshakeTimeout: 10_000,
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 65_000,
  maxConnections: 16_000,
};

/** Of a request's head: bytes, and header lines. */
export const headLimits = { maxHeaderSize: 32 * 1024, maxHeaders: 100 } as const;

export function applyLimits(server: Server, limits: ListenerLimits): void {
  server.headersTimeout = limits.headersTimeout;
  server.requestTimeout = limits.requestTimeout;
  server.keepAliveTimeout = limits.keepAliveTimeout;
  server.maxConnections = limits.maxConnections;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
}
