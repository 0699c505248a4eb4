import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** Where the processes of a service serve their metrics. */
export interface MetricsSource {
  /** Its name in the networks of the stack; it has an address for each process. */
  readonly service: string;
  readonly port: number;
}

export interface ServeMetricsOptions {
  readonly sources: readonly MetricsSource[];
  /** The addresses of a name now; none when it has none. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
  readonly timeoutMs?: number;
}

const path = /^\/metrics\/([a-z-]+)\/([0-9a-f.:]+)$/;

/**
 * The metrics of every process of the stack at one port, for a Prometheus that is outside its networks: `/targets` lists them as
 * Prometheus' HTTP service discovery has it, each with a path here under which it is read. Nothing else can be reached through it.
 */
export function serveMetrics({ sources, resolve, timeoutMs = 5_000 }: ServeMetricsOptions): Server {
  const targets = async (host: string) => {
    const found = await Promise.all(
      sources.map(async ({ service }) =>
        (await resolve(service)).map((address) => ({
          targets: [host],
          labels: { job: service, instance: address, __metrics_path__: `/metrics/${service}/${address}` },
        })),
      ),
    );
    return found.flat();
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== 'GET') return void response.writeHead(405, { allow: 'GET' }).end();
    const url = request.url ?? '';
    if (url === '/readyz') return void response.writeHead(200).end('ok\n');
    if (url === '/targets') {
      const body = JSON.stringify(await targets(request.headers.host ?? ''));
      return void response
        .writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        .end(body);
    }
    const [, service, address] = path.exec(url) ?? [];
    const source = sources.find((one) => one.service === service);
    if (!source || !address || !(await resolve(source.service)).includes(address))
      return void response.writeHead(404).end('There is no such process: see /targets.\n');
    try {
      const host = address.includes(':') ? `[${address}]` : address;
      const found = await fetch(`http://${host}:${source.port}/metrics`, { signal: AbortSignal.timeout(timeoutMs) });
      const type = found.headers.get('content-type') ?? 'text/plain';
      response.writeHead(found.status, { 'content-type': type, 'cache-control': 'no-store' }).end(await found.text());
    } catch {
      response.writeHead(502).end('The process did not answer.\n');
    }
  };
  return createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(500).end());
  });
}
