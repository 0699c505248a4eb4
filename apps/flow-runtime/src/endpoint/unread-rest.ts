import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Of a body that is left unread so much is taken in, in bytes, and so long the sender has for reading the answer. */
const mostDrained = 1024 * 1024;
const longestMs = 1_000;

const ending = new WeakSet<Socket>();
const leaving = new WeakSet<IncomingMessage>();

/** To be called for a connection that ends with the answer now given. */
export function endsWithAnswer(socket: Socket): void {
  ending.add(socket);
}

/** Whether the connection ends with an answer already given: a request that was sent after that one is not for us. */
export function isEnding(socket: Socket): boolean {
  return ending.has(socket);
}

/** To be called for a request that may be answered before its body has come. */
export function mayLeaveRest(request: IncomingMessage): void {
  leaving.add(request);
}

/** Whether an answer given now leaves a part of the body unread: then it goes out by {@link endLeavingRest}, and says `Connection: close`. */
export function leavesRest(request: IncomingMessage): boolean {
  return leaving.has(request) && !request.complete;
}

/**
 * Ends an answer whose head is written, and then the connection, as RFC 9112 §9.6 has it: a connection that is closed while
 * the sender still sends is reset, and the answer may be lost with it. So what comes is thrown away for a moment, up to a
 * bound, and not read beyond it.
 */
export function endLeavingRest(response: ServerResponse, body: Uint8Array | string): void {
  const request = response.req;
  endsWithAnswer(request.socket);
  if (request.destroyed) {
    response.end(body);
    return;
  }
  if (body.length > 0 && request.method !== 'HEAD') response.write(body);
  else response.flushHeaders();
  let left = mostDrained;
  const drop = (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.pause();
  };
  const end = () => {
    clearTimeout(timer);
    request.off('data', drop).off('end', end).off('close', end);
    request.pause();
    response.end();
  };
  const timer = setTimeout(end, longestMs).unref();
  request.on('data', drop).on('end', end).on('close', end).resume();
}
