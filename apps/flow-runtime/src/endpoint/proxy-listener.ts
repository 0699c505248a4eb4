import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { applyLimits, limits } from './apply-limits.js';
import { passedOnCaller } from './caller-certificate.js';
import { readClientCert } from './client-cert-header.js';
import { sessionIdContext, type RequestHandler } from './public-listener.js';
import type { ServerIdentity } from './server-identity.js';
import { tlsSettings } from './tls-settings.js';

/** The proxy-facing listener: it admits only who has a certificate of the given CA, and believes what that says (RFC 9440). */
export class ProxyListener {
  readonly server: Server;

  constructor(identity: ServerIdentity, proxyCa: string, handler: RequestHandler) {
    this.server = createServer(
      {
        ...tlsSettings,
        cert: identity.certificateChain,
        key: identity.privateKey,
        ca: [proxyCa],
        sessionIdContext: sessionIdContext('proxy', [proxyCa]),
        handshakeTimeout: limits.handshakeTimeout,
        maxHeaderSize: limits.maxHeaderSize,
        requestCert: true,
        rejectUnauthorized: true,
      },
      (request: IncomingMessage, response: ServerResponse) => handler.handle(request, response, readCaller),
    );
    applyLimits(this.server);
  }
}

function readCaller(request: IncomingMessage) {
  const passed = readClientCert(request);
  return passed && passedOnCaller(passed.leaf, passed.chain);
}
