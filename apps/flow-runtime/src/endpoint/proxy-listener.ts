import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { applyLimits, headLimits, timeoutCheckMs, type ListenerLimits } from './apply-limits.js';
import { passedOnCaller } from './caller-certificate.js';
import { readClientCert } from './client-cert-header.js';
import { judgeRequestHead } from './judge-request-head.js';
import { isEnding, respondWithProblem } from './problem-response.js';
import { sessionIdContext, type RequestHandler } from './public-listener.js';
import type { ServerIdentity } from './server-identity.js';
import { tlsSettings } from './tls-settings.js';

/** The proxy-facing listener: it admits only who has a certificate of the given CA, and believes what that says (RFC 9440). */
export class ProxyListener {
  readonly server: Server;

  constructor(
    identity: ServerIdentity,
    private readonly proxyCa: string,
    handler: RequestHandler,
    limits: ListenerLimits,
  ) {
    this.server = createServer(
      {
        ...this.#context(identity),
        handshakeTimeout: limits.handshakeTimeout,
        maxHeaderSize: headLimits.maxHeaderSize,
        connectionsCheckingInterval: timeoutCheckMs,
        requestCert: true,
        rejectUnauthorized: true,
      },
      (request: IncomingMessage, response: ServerResponse) => {
        if (isEnding(request.socket)) return;
        const refusal = judgeRequestHead(request, undefined);
        if (refusal) respondWithProblem(response, refusal.status, { detail: refusal.detail });
        else handler.handle(request, response, readCaller);
      },
    );
    applyLimits(this.server, limits);
  }

  /** Shows this server certificate from the next handshake on; open connections stay. */
  showIdentity(identity: ServerIdentity): void {
    this.server.setSecureContext(this.#context(identity));
  }

  #context(identity: ServerIdentity) {
    return {
      ...tlsSettings,
      cert: identity.certificateChain,
      key: identity.privateKey,
      ca: [this.proxyCa],
      sessionIdContext: sessionIdContext('proxy', [this.proxyCa]),
    };
  }
}

function readCaller(request: IncomingMessage) {
  const passed = readClientCert(request);
  return passed && passedOnCaller(passed.leaf, passed.chain);
}
