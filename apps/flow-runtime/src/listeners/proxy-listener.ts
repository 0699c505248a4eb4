import { sessionIdContext, tlsSettings, type ListenerLimits, type ServerIdentity } from '@sluice/service-shell';
import type { Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { passedOnCaller } from '../client-certificates/caller-certificate.js';
import { createHttpServer } from './http-server.js';
import { judgeRequestHead } from './judge-request-head.js';
import type { Proxies, Proxy } from '../client-certificates/proxies.js';
import type { RequestHandler } from './public-listener.js';
import { refuseHead } from './unreadable-request.js';

interface AdmittedProxy {
  readonly proxy: Proxy;
  /** The configuration it was admitted under. */
  readonly proxies: Proxies;
}

const ofSocket = Symbol('admitted proxy');
interface MarkedSocket extends TLSSocket {
  [ofSocket]?: AdmittedProxy;
}

/**
 * The proxy-facing listener: it admits only configured proxies, by mutual TLS, and believes what each says in the one form that is
 * configured for it.
 */
export class ProxyListener {
  readonly server: Server;
  #identity: ServerIdentity;
  #proxies: Proxies;

  constructor(
    identity: ServerIdentity,
    proxies: Proxies,
    handler: RequestHandler,
    limits: ListenerLimits,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {
    this.#identity = identity;
    this.#proxies = proxies;
    this.server = createHttpServer(
      {
        ...this.#context(),
        requestCert: true,
        rejectUnauthorized: true,
      },
      limits,
      (request, response) => {
        const proxy = this.#proxyOf(request.socket as MarkedSocket);
        if (!proxy) return void request.socket.destroy();
        const refusal = judgeRequestHead(request, undefined);
        if (refusal) return refuseHead(this.server, request, response, refusal);
        const readCaller = () => {
          const passed = proxy.read(request);
          return passed && passedOnCaller(passed.leaf, [...passed.chain, ...proxy.intermediates]);
        };
        handler.handle(request, response, readCaller, true);
      },
    );
    this.server.prependListener('secureConnection', (socket: MarkedSocket) => {
      if (!this.#admit(socket)) socket.destroy();
    });
  }

  /** Shows this server certificate from the next handshake on; open connections stay. */
  showIdentity(identity: ServerIdentity): void {
    this.server.setSecureContext(this.#context(identity));
    this.#identity = identity;
  }

  /** Admits these proxies from now on; a connection of one that is no longer among them ends with its next request. */
  admitProxies(proxies: Proxies): void {
    this.server.setSecureContext(this.#context(this.#identity, proxies));
    this.#proxies = proxies;
  }

  #proxyOf(socket: MarkedSocket): Proxy | undefined {
    const admitted = socket[ofSocket];
    if (!admitted || admitted.proxies === this.#proxies) return admitted?.proxy;
    // Its certificate was proven under other CAs: only a new handshake shows what it is worth under these.
    const sameCas = admitted.proxies.ca.join() === this.#proxies.ca.join();
    return sameCas ? this.#admit(socket) : undefined;
  }

  #admit(socket: MarkedSocket): Proxy | undefined {
    delete socket[ofSocket];
    const certificate = socket.getPeerX509Certificate();
    if (!certificate) return undefined;
    let proxy: Proxy | undefined;
    try {
      proxy = this.#proxies.find(certificate.raw);
    } catch (error) {
      this.onFault(error, 'reading the certificate of a proxy');
    }
    if (proxy) socket[ofSocket] = { proxy, proxies: this.#proxies };
    else
      this.onFault(
        new Error(`No proxy is configured that has the certificate ${certificate.fingerprint256}.`),
        'admitting a proxy',
      );
    return proxy;
  }

  #context(identity = this.#identity, proxies = this.#proxies) {
    return {
      ...tlsSettings,
      cert: identity.certificateChain,
      key: identity.privateKey,
      ca: [...proxies.ca],
      sessionIdContext: sessionIdContext('proxy', proxies.ca),
    };
  }
}
