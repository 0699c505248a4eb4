import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import { drainAtMost, isEnding, newestResponse } from './framed-response.js';

const statusOfError: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
};

/** Answers what cannot be read as a request, and ends its connection: what follows might be read in two ways. */
export function answerUnreadable(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const { code = '' } = error;
    const status = statusOfError[code] ?? (code.startsWith('HPE_') ? 400 : undefined);
    // Any other error is one of the connection or its handshake, over which nothing can be said.
    if (status === undefined || !socket.writable) socket.destroy();
    else answerLast(socket, status);
  });
  // Nobody is tunnelled to another host (RFC 9110 §9.3.6). Node reads such a request no further.
  server.on('connect', (_request: IncomingMessage, socket: Socket) => answerLast(socket, 501));
}

/** The answer has its place behind those that are still to come on the connection: the first in line is another request's. */
function answerLast(socket: Socket, status: number): void {
  const response = newestResponse(socket);
  if (!response) {
    socket.write(`HTTP/1.1 ${status} ${reasons[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    socket.destroySoon();
    return;
  }
  if (isEnding(socket)) return;
  if (response.req.complete) {
    // A request that was whole is answered; what came after it is not.
    response.shouldKeepAlive = false;
    response.once('finish', () => socket.destroySoon());
  } else if (response.headersSent) response.destroy();
  else {
    response.writeHead(status, { 'content-length': 0 }).end();
    drainAtMost(socket, 0);
    // Whoever still waits for the body: Node does not say so of a request that was answered.
    const { req } = response;
    socket.once('close', () => req.destroy(new Error('The request did not come to its end.')));
  }
}
