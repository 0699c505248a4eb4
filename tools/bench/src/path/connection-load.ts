import { createSecureContext, connect, type SecureContext } from 'node:tls';
import type { LoadTarget } from './load.js';

export interface ConnectionLoadResult {
  /** Handshakes as the server made them: a resumed one is known by the server's answer in it. */
  readonly full: number;
  readonly resumed: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
}

const body = 'x'.repeat(512);

/**
 * Opens one connection after the other, each with one request, over raw TLS sockets: an HTTP client would reuse them.
 * @param resume each resumes the session of the one before it
 */
export async function connectionLoad(
  target: LoadTarget,
  connections: number,
  concurrency: number,
  resume: boolean,
): Promise<ConnectionLoadResult> {
  const secureContext = createSecureContext({ ca: target.serverRoot, cert: target.certificate, key: target.key });
  const statuses: Record<string, number> = {};
  let left = connections;
  let resumed = 0;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      let session: Buffer | undefined;
      // The first of each line has nothing to resume, so it is not counted.
      if (resume) session = (await once(target, secureContext, undefined)).session;
      while (left-- > 0) {
        const made = await once(target, secureContext, session);
        statuses[made.status] = (statuses[made.status] ?? 0) + 1;
        if (made.resumed) resumed++;
        if (resume) session = made.session ?? session;
      }
    }),
  );
  return { full: connections - resumed, resumed, statuses };
}

interface Made {
  readonly status: string;
  readonly resumed: boolean;
  readonly session: Buffer | undefined;
}

function once(target: LoadTarget, secureContext: SecureContext, session: Buffer | undefined): Promise<Made> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port: target.port,
      servername: 'localhost',
      ALPNProtocols: ['http/1.1'],
      secureContext,
      session,
    });
    let ticket: Buffer | undefined;
    let resumed = false;
    let received = '';
    socket.on('session', (data: Buffer) => (ticket = data));
    socket.once('secureConnect', () => {
      resumed = socket.isSessionReused();
      socket.write(
        `POST ${target.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    });
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    socket.once('error', reject);
    socket.once('end', () => socket.end());
    socket.once('close', () => resolve({ status: received.slice(9, 12), resumed, session: ticket }));
  });
}
