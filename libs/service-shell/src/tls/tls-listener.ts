import { createHash, X509Certificate } from 'node:crypto';
import type { Server, ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { certificateOfConnection, type PeerCertificate } from './peer-certificate.js';
import type { SentChains } from './sent-chains.js';
import { serverNameOf, SessionNames } from './session-names.js';
import type { ServerIdentity } from './server-identity.js';
import { tlsSettings } from './tls-settings.js';
import { foldHostName, VirtualHosts } from './virtual-hosts.js';

export interface TlsListenerOptions {
  /** Sessions of one listener are worth nothing at another. */
  readonly name: 'public' | 'admin';
  /** The first is shown to who names no host or an unknown one. */
  readonly identities: readonly ServerIdentity[];
  /** Makes the server with what TLS it is to speak. */
  readonly createServer: (tls: ServerOptions) => Server;
  /** Whether the peer is asked for a certificate; it may connect without one all the same. */
  readonly asksForCertificates: boolean;
  readonly chains: SentChains;
  /** Which of the trusted roots are named in the handshake: all, or none. @throws Error when one cannot be read */
  readonly namedRoots?: (roots: readonly string[]) => readonly string[];
  /** Sessions of TLS 1.2 that are remembered with the name each was made under; past that, all tickets are made worthless. */
  readonly rememberedSessions?: number;
}

/**
 * A server whose TLS can change while it listens: its certificates, the roots it names, its ticket keys. Whoever connects may, with or
 * without a certificate. What a certificate is worth is decided on each request, so TLS asks for it and judges nothing.
 */
export class TlsListener {
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
  readonly #certificateOf: (connection: Socket) => PeerCertificate | undefined;

  constructor(private readonly options: TlsListenerOptions) {
    const { identities, asksForCertificates, chains, rememberedSessions = maxSessionNames } = options;
    this.#sessionNames = new SessionNames(rememberedSessions, () => this.renewTicketKeys());
    this.#identities = identities;
    this.#hosts = new VirtualHosts(identities);
    this.#certificateOf = asksForCertificates ? certificateOfConnection(chains) : () => undefined;
    this.server = options.createServer({
      ...this.#contextOf(identities[0], this.#roots, this.#named),
      ...(asksForCertificates ? { requestCert: true, rejectUnauthorized: false } : {}),
      // Asked on each handshake, so only where there is a choice.
      ...(identities.length > 1
        ? { SNICallback: (name: string, done: SniDone) => done(null, this.#contextFor(name)) }
        : {}),
    });
    this.server.on('secureConnection', (socket) => {
      // Read now, the certificate does not hold up a request that comes on the open connection.
      if (this.#sessionNames.bind(socket)) this.#certificateOf(socket);
      else socket.destroy();
    });
    this.#useContexts(identities, this.#roots);
  }

  /** The certificate whose key the peer of a connection proved to have. */
  certificateOf(connection: Socket): PeerCertificate | undefined {
    return this.#certificateOf(connection);
  }

  /** @see VirtualHosts.agree */
  agrees(connection: Socket, host: string): boolean {
    return this.#hosts.agree(serverNameOf(connection), host);
  }

  /** The names that its certificates have. */
  get hosts(): VirtualHosts {
    return this.#hosts;
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
    const named = roots === this.#roots ? this.#named : (this.options.namedRoots?.(roots) ?? []);
    const contexts =
      identities.length > 1
        ? identities.map((identity) => createSecureContext(this.#contextOf(identity, roots, named)))
        : [];
    this.server.setSecureContext(this.#contextOf(identities[0], roots, named));
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

  /** @param roots what tickets are bound to @param named those of them that the sender is told */
  #contextOf(identity: ServerIdentity | undefined, roots: readonly string[], named: readonly string[]) {
    return {
      ...tlsSettings,
      cert: identity?.certificateChain,
      key: identity?.privateKey,
      ca: [...named],
      crl: crlOfNobody,
      sessionIdContext: sessionIdContext(this.options.name, roots),
    };
  }
}

/** About 4 MB; a full handshake of TLS 1.2 each, so nobody's tickets become worthless often. */
const maxSessionNames = 20_000;

type SniDone = (error: Error | null, context?: SecureContext) => void;

/**
 * What a session is bound to beside its ticket key (OpenSSL compares it before it resumes): which listener, that it asks
 * for certificates, and whom it trusts. 32 bytes at most.
 */
export function sessionIdContext(listener: 'public' | 'proxy' | 'admin', roots: readonly string[]): string {
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
