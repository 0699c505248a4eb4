import { authorityNamesBytes, decodePem, maxAuthorityNamesBytes, parseCertificate } from '@sluice/pki';
import { TlsListener, type ListenerLimits, type SentChains, type ServerIdentity } from '@sluice/service-shell';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { ReadCaller } from '../client-certificates/caller-certificate.js';
import { createHttpServer } from './http-server.js';
import { judgeRequestHead } from './judge-request-head.js';
import { refuseHead } from './unreadable-request.js';

export interface RequestHandler {
  /** @param proxied whether it came from a load balancer that is let in as one */
  handle(request: IncomingMessage, response: ServerResponse, readCaller: ReadCaller, proxied?: boolean): void;
}

/** The public listener: every sender may connect, with or without a certificate. */
export class PublicListener {
  readonly #tls: TlsListener;

  /**
   * @param identities the first is shown to who names no host or an unknown one
   * @param rememberedSessions of TLS 1.2, with the name each was made under; past that, all tickets are made worthless
   */
  constructor(
    identities: readonly ServerIdentity[],
    handler: RequestHandler,
    limits: ListenerLimits,
    chains: SentChains,
    rememberedSessions?: number,
  ) {
    const readCaller: ReadCaller = (request) => this.#tls.certificateOf(request.socket);
    this.#tls = new TlsListener({
      name: 'public',
      identities,
      asksForCertificates: true,
      chains,
      namedRoots: fitForHandshake,
      ...(rememberedSessions === undefined ? {} : { rememberedSessions }),
      createServer: (tls) =>
        createHttpServer(tls, limits, (request, response) => {
          const refusal = judgeRequestHead(request, this.#tls.hosts);
          if (refusal) refuseHead(this.server, request, response, refusal);
          else handler.handle(request, response, readCaller);
        }),
    });
  }

  get server(): Server {
    return this.#tls.server;
  }

  /** @see TlsListener.nameRoots */
  nameRoots(roots: readonly string[]): void {
    this.#tls.nameRoots(roots);
  }

  /** @see TlsListener.namesRoots */
  get namesRoots(): boolean {
    return this.#tls.namesRoots;
  }

  /** @see TlsListener.showIdentities */
  showIdentities(identities: readonly ServerIdentity[]): void {
    this.#tls.showIdentities(identities);
  }

  /** @see TlsListener.renewTicketKeys */
  renewTicketKeys(): void {
    this.#tls.renewTicketKeys();
  }
}

function fitForHandshake(roots: readonly string[]): readonly string[] {
  const certificates = roots.flatMap((root) => decodePem(root)).map((der) => parseCertificate(der));
  return authorityNamesBytes(certificates) <= maxAuthorityNamesBytes ? roots : [];
}
