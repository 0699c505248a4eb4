import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { HeadRefusal } from './judge-request-head.js';
import type { UnreadableReason, UnreadableRequest } from './note-unreadable.js';
import { respondWithProblem } from './problem-response.js';
import { drainAtMost, isEnding, newestResponse } from './framed-response.js';

const kindOfError: Readonly<Record<string, { readonly status: number; readonly reason: UnreadableReason }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, reason: 'head-too-large' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, reason: 'timeout' },
};
const malformed = { status: 400, reason: 'malformed' } as const;
const unreadable = 'sluiceUnreadable';

/** @param note is told of each request that a server of {@link answerUnreadable} refuses before it is anybody's */
export function onUnreadable(server: Server, note: (request: UnreadableRequest) => void): void {
  server.on(unreadable, note);
}

function tell(server: Server, reason: UnreadableReason, socket: Socket, detail?: string): void {
  server.emit(unreadable, { reason, address: socket.remoteAddress, detail } satisfies UnreadableRequest);
}

/** Answers a request whose head was judged to be wrong. */
export function refuseHead(
  server: Server,
  request: IncomingMessage,
  response: ServerResponse,
  refusal: HeadRefusal,
): void {
  const { status, reason, detail } = refusal;
  tell(server, reason, request.socket, detail);
  respondWithProblem(response, status, { detail });
}

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
    const kind = kindOfError[code] ?? (code.startsWith('HPE_') ? malformed : undefined);
    if (kind) tell(server, kind.reason, socket);
    // Any other error is one of the connection or its handshake, over which nothing can be said.
    if (kind === undefined || !socket.writable) socket.destroy();
    else answerLast(socket, kind.status);
  });
  // Nobody is tunnelled to another host (RFC 9110 §9.3.6). Node reads such a request no further.
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    tell(server, 'connect', socket);
    answerLast(socket, 501);
  });
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
