import { createServer, type Server } from 'node:http';

export interface HealthServerOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly service: string;
  /** What keeps the service from being ready, one sentence each; empty when it is ready. */
  readonly notReady: () => readonly string[];
  /** In the text format of Prometheus. */
  readonly metrics: () => Promise<string>;
  readonly onFault: (error: unknown, what: string) => void;
}

/**
 * `/livez`: the process answers. `/readyz`: it can do its work, or what keeps it from that. `/metrics`: for Prometheus. @returns the server and its port
 */
export async function startHealthServer(options: HealthServerOptions): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/metrics') {
      options.metrics().then(
        (text) => {
          response.writeHead(200, {
            'content-type': 'text/plain; version=0.0.4; charset=utf-8',
            'cache-control': 'no-store',
          });
          response.end(text);
        },
        (error: unknown) => {
          response.writeHead(500).end();
          options.onFault(error, 'reading the metrics');
        },
      );
      return;
    }
    if (path !== '/livez' && path !== '/readyz') {
      response.writeHead(404).end();
      return;
    }
    const missing = path === '/livez' ? [] : options.notReady();
    response.writeHead(missing.length === 0 ? 200 : 503, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
    });
    response.end(
      `${JSON.stringify({ service: options.service, status: missing.length === 0 ? 'ok' : 'not ready', ...(missing.length > 0 ? { missing } : {}) })}\n`,
    );
  });
  server.keepAliveTimeout = 5_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  return { server, port: typeof address === 'object' && address ? address.port : options.port };
}
