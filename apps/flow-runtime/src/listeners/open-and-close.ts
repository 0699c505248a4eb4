import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { endLingering, maxSilenceMs } from './lingering-close.js';

export function listen(server: HttpServer | Server, port: number, host: string): Promise<void> {
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
  if (drainMs > 0) {
    server.prependListener(
      'request',
      (_request: IncomingMessage, response: ServerResponse) => void (response.shouldKeepAlive = false),
    );
    await new Promise((resolve) => setTimeout(resolve, drainMs));
  }
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    const start = performance.now();
    const timer = setInterval(() => {
      server.closeIdleConnections();
      if (performance.now() - start > maxSilenceMs) endLingering(server);
    }, 100);
    server.once('close', () => clearInterval(timer));
  });
}
