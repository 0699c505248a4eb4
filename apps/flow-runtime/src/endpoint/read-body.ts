import type { IncomingMessage } from 'node:http';

const nothing = new Uint8Array();

/**
 * @returns the whole body, or undefined when it is over the limit (and then the rest is not read)
 * @throws Error when the sender went away before the end
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array | undefined> {
  const declared = request.headers['content-length'];
  if (declared !== undefined && Number(declared) > limit) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let length = 0;
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) {
        request.off('data', onData);
        request.pause();
        resolve(undefined);
      } else if (first === undefined) first = chunk;
      else (more ??= [first]).push(chunk);
    };
    request.on('data', onData);
    request.on('end', () => resolve(more ? Buffer.concat(more, length) : (first ?? nothing)));
    // A sender that goes away in the middle is an error, too: the request is destroyed with one that says so.
    request.on('error', reject);
  });
}
