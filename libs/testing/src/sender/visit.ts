import { Duplex } from 'node:stream';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { sha256Hex } from '../certificate/test-key.js';
import type { SenderOptions } from './sender.js';

export interface VisitOptions extends SenderOptions {
  /** A session of an earlier visit, to be resumed. */
  readonly session?: Buffer | undefined;
  /** What is sent as server name (SNI); none when null. Default: the host of the URL. */
  readonly serverName?: string | null;
  /** The `Host` header. Default: the server name. */
  readonly host?: string;
  readonly path?: string;
  /** Header lines as they are written, without their end. */
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly version?: 'TLSv1.2' | 'TLSv1.3';
  /** Sends the ClientHello in TLS records of this many bytes, and each in a packet of its own. */
  readonly fragmentBytes?: number;
  readonly timeoutMs?: number;
}

export interface Visit {
  /** Whether the server resumed the session. */
  readonly resumed: boolean;
  readonly status: number;
  readonly head: string;
  readonly text: string;
  /** SHA-256 of the certificate the server showed; of a resumed session, on the full handshake. */
  readonly serverCertificate: string;
  /** To be resumed by a later visit; the newest the server gave. */
  readonly session: Buffer | undefined;
}

/**
 * One connection with one request, over bare TLS: for what an HTTP client does not let one choose. The server's chain is
 * checked, its name is not.
 * @throws Error when no answer comes
 */
export function visit(options: VisitOptions): Promise<Visit> {
  const url = new URL(options.url);
  const name = options.serverName === undefined ? url.hostname : options.serverName;
  const { path = '/', body = '', headers = [], timeoutMs = 10_000, host = name ?? url.hostname } = options;
  const tcp = connectTcp({ host: url.hostname, port: Number(url.port) });
  tcp.setNoDelay(true);
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({
      socket: options.fragmentBytes === undefined ? tcp : inFragments(tcp, options.fragmentBytes),
      ...(name === null ? {} : { servername: name }),
      ca: options.trusts,
      cert: options.certificate,
      key: options.key,
      session: options.session,
      ALPNProtocols: ['http/1.1'],
      checkServerIdentity: () => undefined,
      ...(options.version ? { minVersion: options.version, maxVersion: options.version } : {}),
    });
    let session: Buffer | undefined;
    let received = '';
    const timer = setTimeout(() => fail(new Error(`No answer within ${timeoutMs} ms.`)), timeoutMs);
    const fail = (error: Error) => {
      clearTimeout(timer);
      socket.destroy();
      tcp.destroy();
      reject(error);
    };
    socket.on('session', (ticket: Buffer) => (session = ticket));
    socket.once('error', fail);
    tcp.once('error', fail);
    socket.once('secureConnect', () => {
      const lines = [
        `POST ${path} HTTP/1.1`,
        `Host: ${host}`,
        'Connection: close',
        `Content-Length: ${Buffer.byteLength(body)}`,
      ];
      socket.write(`${[...lines, ...headers].join('\r\n')}\r\n\r\n${body}`);
    });
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('utf8')));
    socket.once('end', () => {
      clearTimeout(timer);
      const end = received.indexOf('\r\n\r\n');
      if (end === -1) return fail(new Error('The server closed the connection without an answer.'));
      const head = received.slice(0, end);
      resolve({
        resumed: socket.isSessionReused(),
        status: Number(head.slice(9, 12)),
        head,
        text: received.slice(end + 4),
        serverCertificate: sha256Hex(socket.getPeerX509Certificate()?.raw ?? new Uint8Array()),
        session,
      });
      socket.destroy();
    });
  });
}

/** The first flight in many small TLS records (RFC 8446 §5.1 allows it); the rest as it is. */
function inFragments(tcp: Socket, bytes: number): Duplex {
  let first = true;
  const duplex = new Duplex({
    read: () => tcp.resume(),
    write(chunk: Buffer, _encoding, done) {
      if (!first) {
        tcp.write(chunk, done);
        return;
      }
      first = false;
      const payload = chunk.subarray(5);
      for (let from = 0; from < payload.length; from += bytes) {
        const part = payload.subarray(from, from + bytes);
        tcp.write(Buffer.concat([chunk.subarray(0, 3), Buffer.from([part.length >> 8, part.length & 0xff]), part]));
      }
      done();
    },
    final: (done) => void tcp.end(done),
    destroy: (error, done) => {
      tcp.destroy();
      done(error);
    },
  });
  tcp.on('data', (chunk: Buffer) => {
    if (!duplex.push(chunk)) tcp.pause();
  });
  tcp.on('end', () => duplex.push(null));
  return duplex;
}
