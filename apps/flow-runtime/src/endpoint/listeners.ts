import { constants } from 'node:crypto';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { certificateOfConnection, certificateOfHeader } from './caller-certificate.js';
import type { HandleRequest } from './handle-request.js';

export interface ServerIdentity {
  /** Leaf first, root last: a connectivity test hands the root out. PEM. */
  readonly certificateChain: string;
  readonly privateKey: string;
}

/** Limits on everything a stranger controls. Times in milliseconds. */
const limits = {
  handshakeTimeout: 10_000,
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 65_000,
  maxHeaderSize: 32 * 1024,
  maxConnections: 20_000,
} as const;

const tlsOptions = {
  minVersion: 'TLSv1.2',
  ALPNProtocols: ['http/1.1'],
  // A certificate is tied to the handshake that proved its key: no renegotiation, and no resumption by tickets.
  secureOptions:
    constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE,
  honorCipherOrder: true,
  handshakeTimeout: limits.handshakeTimeout,
  maxHeaderSize: limits.maxHeaderSize,
  insecureHTTPParser: false,
} as const satisfies ServerOptions;

/**
 * The public listener: every sender may connect, with or without a certificate. What the certificate is worth is decided
 * on each request, so TLS asks for it and judges nothing.
 */
export class PublicListener {
  readonly server: Server;

  constructor(
    private readonly identity: ServerIdentity,
    handler: HandleRequest,
  ) {
    this.server = createServer(
      { ...tlsOptions, ...contextOf(identity, []), requestCert: true, rejectUnauthorized: false },
      (request: IncomingMessage, response: ServerResponse) =>
        handler.handle(request, response, certificateOfConnection),
    );
    applyLimits(this.server);
  }

  /** Names the trusted roots in the certificate request, so that a sender with several certificates sends the right one. */
  nameRoots(roots: readonly string[]): void {
    this.server.setSecureContext({ ...tlsOptions, ...contextOf(this.identity, roots), crl: crlOfNobody });
  }
}

/** The proxy-facing listener: it admits only who has a certificate of the given CA, and believes what that says (RFC 9440). */
export class ProxyListener {
  readonly server: Server;

  constructor(identity: ServerIdentity, proxyCa: string, handler: HandleRequest) {
    this.server = createServer(
      { ...tlsOptions, ...contextOf(identity, [proxyCa]), requestCert: true, rejectUnauthorized: true },
      (request: IncomingMessage, response: ServerResponse) => handler.handle(request, response, certificateOfHeader),
    );
    applyLimits(this.server);
  }
}

/**
 * Node 24 keeps what a peer sent beside its leaf only when OpenSSL does not accept the chain. With a CRL demanded of
 * every CA and none given but this it never does, so the roots are named, and the chain is left for the verifier.
 */
const crlOfNobody = `-----BEGIN X509 CRL-----
MIGZMEACAQEwCgYIKoZIzj0EAwIwETEPMA0GA1UEAxMGbm9ib2R5Fw0yNjAxMDEw
MDAwMDBaFw0yNjAxMDIwMDAwMDBaMAoGCCqGSM49BAMCA0kAMEYCIQD2UxN/DlxV
cMvRYbqwy8V9OXEdcGOwxb1MONVtst/aiQIhAIrZBegYXvkBpxO9Yv3fehf9zkCZ
ajge3NqL9qStH1pU
-----END X509 CRL-----
`;

function contextOf(identity: ServerIdentity, ca: readonly string[]) {
  return { cert: identity.certificateChain, key: identity.privateKey, ca: [...ca] };
}

function applyLimits(server: Server): void {
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
    server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) =>
      response.setHeader('connection', 'close'),
    );
    await new Promise((resolve) => setTimeout(resolve, drainMs));
  }
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    const timer = setInterval(() => server.closeIdleConnections(), 100);
    server.once('close', () => clearInterval(timer));
  });
}
