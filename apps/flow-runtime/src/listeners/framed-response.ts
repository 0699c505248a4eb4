import { ServerResponse, type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { maxDrainedBytes } from './lingering-close.js';

const drainable = Symbol('what may be drained after the last answer, in bytes');
const newest = Symbol('newest response of the connection');
interface MarkedSocket extends Socket {
  [drainable]?: number;
  [newest]?: FramedResponse | undefined;
}

/** Whether the connection ends with an answer already given: whatever was sent after that request is not for us. */
export function isEnding(socket: Socket): boolean {
  return (socket as MarkedSocket)[drainable] !== undefined;
}

/** Of what still comes on a connection that ends, how much is taken in, in bytes. */
export function drainableOf(socket: Socket): number {
  return (socket as MarkedSocket)[drainable] ?? maxDrainedBytes;
}

/** The connection ends, and of what still comes at most so many bytes are taken in. */
export function drainAtMost(socket: Socket, bytes: number): void {
  (socket as MarkedSocket)[drainable] = bytes;
}

/** The response to the newest request of a connection; undefined when all were sent. */
export function newestResponse(socket: Socket): FramedResponse | undefined {
  return (socket as MarkedSocket)[newest];
}

/**
 * How every answer leaves a listener, whoever gives it. No connection outlives an answer that was given before its request
 * was complete (RFC 9112 §9.3, §9.6): where the rest of the request ends is then for the sender alone to say, and a proxy that
 * gives the connection to another sender would have that one's bytes read as the missing body, and a body as a request.
 * A 401 ends its connection, too: what it refuses is the certificate of the connection, and only a new handshake brings
 * another.
 */
export class FramedResponse extends ServerResponse {
  constructor(request: IncomingMessage) {
    super(request);
    (request.socket as MarkedSocket)[newest] = this;
  }

  override writeHead(
    status: number,
    reason?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
    headers?: OutgoingHttpHeaders | OutgoingHttpHeader[],
  ): this {
    // Node then says `Connection: close`, sends no further answer, and ends the connection.
    if (status === 401 || !hasCome(this.req)) this.shouldKeepAlive = false;
    if (!this.shouldKeepAlive) drainAtMost(this.req.socket, drainableRest(this.req));
    return super.writeHead(status, reason as string, headers);
  }

  override detachSocket(socket: Socket): void {
    super.detachSocket(socket);
    const marked = socket as MarkedSocket;
    // A connection that waits for its next request holds nothing of the one before.
    if (marked[newest] === this) marked[newest] = undefined;
  }
}

/** Whether a request is here to its last byte. */
function hasCome(request: IncomingMessage): boolean {
  // Without a body the head is all there is (RFC 9112 §6.3), though Node says so a moment later.
  return request.complete || (request.headers['transfer-encoding'] === undefined && announced(request) === 0);
}

/** A body longer than the bound would not be drained to its end: nothing is gained by beginning. */
function drainableRest(request: IncomingMessage): number {
  return announced(request) > maxDrainedBytes ? 0 : maxDrainedBytes;
}

function announced(request: IncomingMessage): number {
  return Number(request.headers['content-length'] ?? 0);
}
