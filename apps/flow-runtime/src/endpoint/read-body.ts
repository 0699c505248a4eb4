import type { IncomingMessage } from 'node:http';

const nothing = new Uint8Array();

/** @returns the whole body, or undefined when it is over the limit (and then the rest is not read) */
export function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array | undefined> {
  const declared = Number(request.headers['content-length']);
  if (declared > limit) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) {
        request.pause();
        request.removeAllListeners('data');
        resolve(undefined);
        return;
      }
      chunks.push(chunk);
    });
    request.once('end', () =>
      resolve(
        chunks.length === 0 ? nothing : chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length),
      ),
    );
    request.once('error', reject);
    request.once('close', () => reject(new Error('The sender closed the connection.')));
  });
}
