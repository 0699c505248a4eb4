import { connect, type TLSSocket } from 'node:tls';

export interface LoadTarget {
  readonly port: number;
  readonly path: string;
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  readonly serverRoot: string;
  /** An access token that each request shows. */
  readonly token?: string;
}

export interface LoadResult {
  readonly requests: number;
  /** Answers by status. A run of refusals is fast, too: look at it. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

const body = Buffer.alloc(512, 'x');

/** Sends requests over raw TLS on connections that stay open, each as soon as the answer before is there. */
export async function keepAliveLoad(target: LoadTarget, requests: number, connections: number): Promise<LoadResult> {
  const authorization = target.token === undefined ? '' : `Authorization: Bearer ${target.token}\r\n`;
  const head = `POST ${target.path} HTTP/1.1\r\nHost: localhost\r\n${authorization}Content-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`;
  const request = Buffer.concat([Buffer.from(head), body]);
  const statuses: Record<string, number> = {};
  const latencies: number[] = [];
  let left = requests;
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(target)));
  const started = performance.now();
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          let sent = 0;
          let received: Buffer = Buffer.alloc(0);
          const next = () => {
            if (left-- <= 0) {
              socket.end();
              resolve();
              return;
            }
            sent = performance.now();
            socket.write(request);
          };
          socket.on('data', (chunk: Buffer) => {
            received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
            const end = received.indexOf('\r\n\r\n');
            if (end === -1) return;
            const header = received.toString('latin1', 0, end);
            const length = Number(/content-length: *(\d+)/i.exec(header)?.[1] ?? 0);
            if (received.length < end + 4 + length) return;
            latencies.push(performance.now() - sent);
            const status = header.slice(9, 12);
            statuses[status] = (statuses[status] ?? 0) + 1;
            received = Buffer.alloc(0);
            next();
          });
          socket.once('error', reject);
          socket.once('close', () => reject(new Error(`Port ${target.port} closed a connection that was in use.`)));
          next();
        }),
    ),
  );
  const seconds = (performance.now() - started) / 1_000;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return { requests, statuses, seconds, p50: at(0.5), p99: at(0.99) };
}

function open(target: LoadTarget): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      {
        host: '127.0.0.1',
        port: target.port,
        servername: 'localhost',
        ca: target.serverRoot,
        cert: target.certificate,
        key: target.key,
      },
      () => resolve(socket),
    );
    socket.once('error', reject);
  });
}
