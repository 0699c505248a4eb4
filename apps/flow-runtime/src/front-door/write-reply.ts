import { writeSenderFault, type FlowProcessingError, type SenderReply } from '@sluice/flow-engine';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Endpoint } from '../flows/deployed-flows.js';
import { csrfHeader } from './csrf-tokens.js';
import { messageIdHeader, respondWithProblem } from '../listeners/problem-response.js';

/** RFC 9110 §7.6.1, and what this server says itself; a flow's reply has none of them. */
const saidByServer: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'date',
  messageIdHeader.toLowerCase(),
  csrfHeader,
]);

/** Our own headers, those to come among them, in the spellings that a program behind may take for the same. */
const ours = /^sluice[-_]/;

function isSaidByServer(name: string): boolean {
  const folded = name.toLowerCase();
  return saidByServer.has(folded) || ours.test(folded);
}

/** Up to this size a body goes out in one piece with the head: one copy costs less than a second chunk. */
const maxJoinedBody = 16 * 1024;

/** Writes what came of a message, with the id of its entry in the message processing log. */
export function writeReply(
  request: IncomingMessage,
  response: ServerResponse,
  reply: SenderReply,
  messageId: string,
): void {
  const headers: (string | number)[] = [messageIdHeader, messageId];
  for (const name in reply.headers) {
    if (!isSaidByServer(name)) headers.push(name, reply.headers[name] as string);
  }
  if (reply.status === 204 || reply.status === 304) {
    response.writeHead(reply.status, headers);
    response.end();
    return;
  }
  const { body } = reply;
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  headers.push('content-length', length);
  response.writeHead(reply.status, headers);
  if (request.method === 'HEAD') response.end();
  // Each byte is one character of Latin-1, so nothing is changed by it.
  else if (typeof body !== 'string' && length <= maxJoinedBody)
    response.end(Buffer.from(body.buffer, body.byteOffset, length).toString('latin1'), 'latin1');
  else if (length <= maxPiece) response.end(body);
  else writeInPieces(response, typeof body === 'string' ? Buffer.from(body) : body);
}

/** Octets that are encrypted in one turn of the event loop: all others wait for it. */
const maxPiece = 256 * 1024;

/** A large body goes out as its reader takes it, a piece in each turn, and is not copied whole into the buffers of the connection. */
function writeInPieces(response: ServerResponse, body: Uint8Array): void {
  let at = 0;
  const next = (): void => {
    if (response.destroyed) return;
    const piece = body.subarray(at, at + maxPiece);
    at += piece.length;
    if (at === body.length) response.end(piece);
    else if (response.write(piece)) setImmediate(next);
    else response.once('drain', next);
  };
  next();
}

/** What is no message of the channel; a SOAP client reads a fault. */
export function respondUnreadable(
  request: IncomingMessage,
  response: ServerResponse,
  endpoint: Endpoint,
  error: FlowProcessingError,
): void {
  if (endpoint.sender.adapter === 'HTTPS') return respondWithProblem(response, 400, { detail: error.message });
  const version = /^application\/soap\+xml\b/i.test(request.headers['content-type'] ?? '') ? '1.2' : '1.1';
  const { status, headers, body } = writeSenderFault(version, error.message);
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}
