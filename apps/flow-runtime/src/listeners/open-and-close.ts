import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { Server as NetServer, type Socket } from 'node:net';
import { endLingering, maxSilenceMs } from './lingering-close.js';

/** The connections of each server that listens. */
const connections = new WeakMap<HttpServer | Server, Set<Socket>>();

export function listen(server: HttpServer | Server, port: number, host: string): Promise<void> {
  const open = new Set<Socket>();
  connections.set(server, open);
  server.on('setSecureContext' in server ? 'secureConnection' : 'connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * Ends a server without a failed request: for `drainMs` it still serves, and every answer closes its connection, so that
 * a load balancer does not send the next request into one that is just closing. Then what is under way is answered.
 */
export async function closeGracefully(server: Server, drainMs: number): Promise<void> {
  server.prependListener(
    'request',
    (_request: IncomingMessage, response: ServerResponse) => void (response.shouldKeepAlive = false),
  );
  if (drainMs > 0) await new Promise((resolve) => setTimeout(resolve, drainMs));
  await new Promise<void>((resolve) => {
    // That of HTTP would end what Node takes for idle.
    NetServer.prototype.close.call(server, () => resolve());
    closeIdle(server);
    const start = performance.now();
    const timer = setInterval(() => {
      closeIdle(server);
      if (performance.now() - start > maxSilenceMs) endLingering(server);
    }, 100);
    server.once('close', () => clearInterval(timer));
  });
}

/**
 * Node takes a connection for idle as soon as the answer on it was handed over, though a slow reader has most of it still to come. Until all that was
 * written is on its way, none is ended; what comes on the others meanwhile is answered, with the end of the connection.
 */
function closeIdle(server: Server): void {
  const open = connections.get(server) ?? new Set();
  if ([...open].every(({ writableLength }) => writableLength === 0)) server.closeIdleConnections();
}
