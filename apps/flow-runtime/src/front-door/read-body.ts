import type { IncomingMessage } from 'node:http';
import { askForBody } from './awaited-body.js';

/** The body of a request that has none. */
export const nothing = new Uint8Array();

/**
 * Reads the whole body. Callbacks rather than a promise: every request comes through here.
 * @param done is given the body, or undefined when it is over the limit (and then the rest is not read)
 * @param failed when the sender went away before the end
 */
export function receiveBody(
  request: IncomingMessage,
  limit: number,
  done: (body: Uint8Array | undefined) => void,
  failed: (error: unknown) => void,
): void {
  const declared = request.headers['content-length'];
  if (declared !== undefined && Number(declared) > limit) {
    done(undefined);
    return;
  }
  if (request.destroyed && !request.readableEnded) {
    // It went away before anybody listened: it will not say so again.
    failed(request.errored ?? new Error('The sender went away before its body was read.'));
    return;
  }
  askForBody(request);
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let length = 0;
  let settled = false;
  const onData = (chunk: Buffer) => {
    length += chunk.length;
    if (length > limit) {
      settled = true;
      request.off('data', onData);
      request.pause();
      done(undefined);
    } else if (first === undefined) first = chunk;
    else (more ??= [first]).push(chunk);
  };
  request.on('data', onData);
  request.on('end', () => {
    if (settled) return;
    settled = true;
    done(more ? Buffer.concat(more, length) : (first ?? nothing));
  });
  // A sender that goes away in the middle is an error, too: the request is destroyed with one that says so.
  request.on('error', (error) => {
    if (settled) return;
    settled = true;
    failed(error);
  });
}

/**
 * @returns the whole body, or undefined when it is over the limit (and then the rest is not read)
 * @throws Error when the sender went away before the end
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => receiveBody(request, limit, resolve, reject));
}
