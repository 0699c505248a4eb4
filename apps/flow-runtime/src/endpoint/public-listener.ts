import { createHash, X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { applyLimits, limits } from './apply-limits.js';
import { callerOfConnection, type ReadCaller } from './caller-certificate.js';
import { SentChains } from './sent-chains.js';
import type { ServerIdentity } from './server-identity.js';
import { tlsSettings } from './tls-settings.js';

export interface RequestHandler {
  handle(request: IncomingMessage, response: ServerResponse, readCaller: ReadCaller): void;
}

/**
 * The public listener: every sender may connect, with or without a certificate. What the certificate is worth is decided
 * on each request, so TLS asks for it and judges nothing.
 */
export class PublicListener {
  readonly server: Server;
  #identity: ServerIdentity;
  /** PEM, sorted: the trust configuration that tickets are bound to. */
  #roots: readonly string[] = [];

  constructor(identity: ServerIdentity, handler: RequestHandler, chains = new SentChains()) {
    this.#identity = identity;
    const readCaller = callerOfConnection(chains);
    this.server = createServer(
      {
        ...this.#context(),
        handshakeTimeout: limits.handshakeTimeout,
        maxHeaderSize: limits.maxHeaderSize,
        requestCert: true,
        rejectUnauthorized: false,
      },
      (request: IncomingMessage, response: ServerResponse) => handler.handle(request, response, readCaller),
    );
    applyLimits(this.server);
  }

  /**
   * Names the trusted roots in the certificate request, so that a sender with several certificates sends the right one.
   * Tickets given out under another list are worth nothing from then on. Open connections stay.
   * @param roots PEM
   * @throws Error when one cannot be read; the list before stays
   */
  nameRoots(roots: readonly string[]): void {
    const sorted = [...new Set(roots)].sort();
    if (sorted.length === this.#roots.length && sorted.every((root, index) => root === this.#roots[index])) return;
    // Node leaves out what it cannot read without a word.
    for (const root of sorted) new X509Certificate(root);
    this.#useContext(this.#identity, sorted);
  }

  /** Makes every ticket given out so far worthless. */
  renewTicketKeys(): void {
    this.#useContext(this.#identity, this.#roots);
  }

  /** A context of its own has ticket keys of its own: OpenSSL draws them, and they never leave this process. */
  #useContext(identity: ServerIdentity, roots: readonly string[]): void {
    this.server.setSecureContext(this.#context(identity, roots));
    this.#identity = identity;
    this.#roots = roots;
  }

  #context(identity = this.#identity, roots = this.#roots) {
    return {
      ...tlsSettings,
      cert: identity.certificateChain,
      key: identity.privateKey,
      ca: [...roots],
      crl: crlOfNobody,
      sessionIdContext: sessionIdContext('public', roots),
    };
  }
}

/**
 * What a session is bound to beside its ticket key (OpenSSL compares it before it resumes): which listener, that it asks
 * for certificates, and whom it trusts. 32 bytes at most.
 */
export function sessionIdContext(listener: 'public' | 'proxy', roots: readonly string[]): string {
  const hash = createHash('sha256').update(`${listener}, certificate requested`);
  for (const root of roots) hash.update('\0').update(root);
  return hash.digest('hex').slice(0, 32);
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
