import { authorityNamesBytes, decodePem, maxAuthorityNamesBytes, parseCertificate } from '@sluice/pki';
import { createHash, X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { ListenerLimits } from './apply-limits.js';
import { callerOfConnection, type ReadCaller } from '../client-certificates/caller-certificate.js';
import { createHttpServer } from './http-server.js';
import { judgeRequestHead } from './judge-request-head.js';
import type { SentChains } from './sent-chains.js';
import { SessionNames } from './session-names.js';
import type { ServerIdentity } from './server-identity.js';
import { tlsSettings } from './tls-settings.js';
import { refuseHead } from './unreadable-request.js';
import { foldHostName, VirtualHosts } from './virtual-hosts.js';

export interface RequestHandler {
  /** @param proxied whether it came from a load balancer that is let in as one */
  handle(request: IncomingMessage, response: ServerResponse, readCaller: ReadCaller, proxied?: boolean): void;
}

/**
 * The public listener: every sender may connect, with or without a certificate. What the certificate is worth is decided
 * on each request, so TLS asks for it and judges nothing.
 */
export class PublicListener {
  readonly server: Server;
  #identities: readonly ServerIdentity[];
  #hosts: VirtualHosts;
  /** Of each identity; the first is the server's own. */
  #contexts: readonly SecureContext[] = [];
  /** PEM, sorted: the trust configuration that tickets are bound to. */
  #roots: readonly string[] = [];
  /** Those of them that are named: all, or none. */
  #named: readonly string[] = [];
  readonly #sessionNames: SessionNames;

  /**
   * @param identities the first is shown to who names no host or an unknown one
   * @param rememberedSessions of TLS 1.2, with the name each was made under; past that, all tickets are made worthless
   */
  constructor(
    identities: readonly ServerIdentity[],
    handler: RequestHandler,
    limits: ListenerLimits,
    chains: SentChains,
    rememberedSessions = maxSessionNames,
  ) {
    this.#sessionNames = new SessionNames(rememberedSessions, () => this.renewTicketKeys());
    this.#identities = identities;
    this.#hosts = new VirtualHosts(identities);
    const callerOf = callerOfConnection(chains);
    const readCaller: ReadCaller = (request) => callerOf(request.socket);
    this.server = createHttpServer(
      {
        ...contextOf(identities[0], this.#roots, this.#named),
        requestCert: true,
        rejectUnauthorized: false,
        // Asked on each handshake, so only where there is a choice.
        ...(identities.length > 1
          ? { SNICallback: (name: string, done: SniDone) => done(null, this.#contextFor(name)) }
          : {}),
      },
      limits,
      (request, response) => {
        const refusal = judgeRequestHead(request, this.#hosts);
        if (refusal) refuseHead(this.server, request, response, refusal);
        else handler.handle(request, response, readCaller);
      },
    );
    this.server.on('secureConnection', (socket) => {
      // Read now, the certificate does not hold up a request that comes on the open connection.
      if (this.#sessionNames.bind(socket)) callerOf(socket);
      else socket.destroy();
    });
    this.#useContexts(identities, this.#roots);
  }

  /**
   * Names the trusted roots in the certificate request, so that a sender with several certificates sends the right one; none when
   * their names are too many for some clients, who then could not connect at all.
   * Tickets given out under another list are worth nothing from then on. Open connections stay.
   * @param roots PEM
   * @throws Error when one cannot be read; the list before stays
   */
  nameRoots(roots: readonly string[]): void {
    const sorted = [...new Set(roots)].sort();
    if (sorted.length === this.#roots.length && sorted.every((root, index) => root === this.#roots[index])) return;
    // Node leaves out what it cannot read without a word.
    for (const root of sorted) new X509Certificate(root);
    this.#useContexts(this.#identities, sorted);
  }

  /** Whether the trusted roots are named: their names are not too long together. */
  get namesRoots(): boolean {
    return this.#named.length === this.#roots.length;
  }

  /** Shows these server certificates from the next handshake on. As many as before; open connections stay. */
  showIdentities(identities: readonly ServerIdentity[]): void {
    this.#useContexts(identities, this.#roots);
  }

  /** Makes every ticket given out so far worthless. */
  renewTicketKeys(): void {
    this.#useContexts(this.#identities, this.#roots);
  }

  /** A context of its own has ticket keys of its own: OpenSSL draws them, and they never leave this process. */
  #useContexts(identities: readonly ServerIdentity[], roots: readonly string[]): void {
    const hosts = new VirtualHosts(identities);
    const named = roots === this.#roots ? this.#named : fitForHandshake(roots);
    const contexts =
      identities.length > 1 ? identities.map((identity) => createSecureContext(contextOf(identity, roots, named))) : [];
    this.server.setSecureContext(contextOf(identities[0], roots, named));
    this.#sessionNames.forget();
    this.#identities = identities;
    this.#hosts = hosts;
    this.#contexts = contexts;
    this.#roots = roots;
    this.#named = named;
  }

  #contextFor(serverName: string): SecureContext | undefined {
    return this.#contexts[this.#hosts.find(foldHostName(serverName)) ?? 0];
  }
}

/** About 4 MB; a full handshake of TLS 1.2 each, so nobody's tickets become worthless often. */
const maxSessionNames = 20_000;

type SniDone = (error: Error | null, context?: SecureContext) => void;

function fitForHandshake(roots: readonly string[]): readonly string[] {
  const certificates = roots.flatMap((root) => decodePem(root)).map((der) => parseCertificate(der));
  return authorityNamesBytes(certificates) <= maxAuthorityNamesBytes ? roots : [];
}

/** @param roots what tickets are bound to @param named those of them that the sender is told */
function contextOf(identity: ServerIdentity | undefined, roots: readonly string[], named: readonly string[]) {
  return {
    ...tlsSettings,
    cert: identity?.certificateChain,
    key: identity?.privateKey,
    ca: [...named],
    crl: crlOfNobody,
    sessionIdContext: sessionIdContext('public', roots),
  };
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
