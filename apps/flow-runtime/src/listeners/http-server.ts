import { applyLimits, headLimits, type ListenerLimits, timeoutCheckMs } from '@sluice/service-shell';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { continueWhenWanted } from '../front-door/awaited-body.js';
import { drainableOf, FramedResponse, isEnding } from './framed-response.js';
import { lingerBeforeClose } from './lingering-close.js';
import { answerUnreadable } from './unreadable-request.js';

/**
 * A server for HTTP/1.1 over TLS as both listeners need it: with its limits, and with the one way in which answers leave it and
 * connections end ({@link FramedResponse}, {@link lingerBeforeClose}).
 * @param tls what the listener's own TLS is
 * @param onRequest is given no request that came after the last answer of its connection
 */
export function createHttpServer(
  tls: ServerOptions,
  limits: ListenerLimits,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const server: Server = createServer(
    {
      ...tls,
      ServerResponse: FramedResponse as typeof ServerResponse,
      handshakeTimeout: limits.handshakeTimeout,
      maxHeaderSize: headLimits.maxHeaderSize,
      connectionsCheckingInterval: timeoutCheckMs,
    },
    (request, response) => {
      if (!isEnding(request.socket)) onRequest(request, response);
    },
  );
  applyLimits(server, limits);
  continueWhenWanted(server);
  answerUnreadable(server);
  lingerBeforeClose(server, drainableOf);
  return server;
}
