import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';

const awaited = new WeakMap<IncomingMessage, ServerResponse>();

/**
 * Sends `100 Continue` (RFC 9110 §10.1.1) when a body is wanted, not when it is announced: a request that is refused by its
 * head, or by who sent it, never hears that its body is welcome.
 */
export function continueWhenWanted(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    awaited.set(request, response);
    server.emit('request', request, response);
  });
}

/** To be called before the body of a request is read. */
export function askForBody(request: IncomingMessage): void {
  if (request.headers.expect === undefined) return;
  const response = awaited.get(request);
  if (!response) return;
  awaited.delete(request);
  if (!response.headersSent) response.writeContinue();
}
