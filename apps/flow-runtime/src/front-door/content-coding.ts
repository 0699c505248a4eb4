import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { freeBodyBytes, type BodyLease, type NoRoom } from '../fair-shares/body-budget.js';
import { tookChunk } from '../event-loop/collect-chunks.js';
import { joinInPieces, type BodyRoom } from './read-body.js';

const pieces = { chunkSize: freeBodyBytes };

const decoders: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', () => createGunzip(pieces)],
  ['x-gzip', () => createGunzip(pieces)],
  ['deflate', () => createInflate(pieces)],
  ['br', () => createBrotliDecompress(pieces)],
]);

/** For `Accept-Encoding` in the answer to a request with another (RFC 9110 §15.5.16). */
export const takenCodings = 'gzip, deflate, br';

export type DecodedContent =
  { readonly body: Uint8Array } | { readonly refused: 'too-large' | 'not-taken' | 'malformed' | NoRoom };

/**
 * Takes the content coding off the body of a request (RFC 9110 §8.4), off the event loop. One coding, not several: a body that
 * shrank twice has no honest use.
 * @param coding the header Content-Encoding
 * @param limit in bytes, for what comes out; decoding ends there
 * @param room what comes out is reserved there beside what came in, and alone when that is not needed any more
 */
export async function decodeContent(
  coding: string,
  body: Uint8Array,
  limit: number,
  room: BodyRoom,
): Promise<DecodedContent> {
  const name = coding.trim().toLowerCase();
  if (name === '' || name === 'identity') return { body };
  const decoder = decoders.get(name);
  if (!decoder) return { refused: 'not-taken' };
  if (body.length === 0) return { body };
  const decoding = decoder();
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    decoding.end(body);
    for await (const chunk of decoding as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > limit) return { refused: 'too-large' };
      if (length > freeBodyBytes) {
        const refused = await roomFor(body.length + length, room.lease());
        if (refused) return { refused };
      }
      chunks.push(chunk);
      tookChunk(chunk.length);
    }
  } catch {
    return { refused: 'malformed' };
  }
  if (length <= freeBodyBytes) return { body: Buffer.concat(chunks, length) };
  const lease = room.lease();
  lease.keep(length);
  return new Promise((resolve) => joinInPieces(chunks, lease.lend(length), (whole) => resolve({ body: whole })));
}

function roomFor(bytes: number, lease: BodyLease): Promise<NoRoom | undefined> | NoRoom | undefined {
  let later: (refused: NoRoom | undefined) => void = () => undefined;
  const waited = new Promise<NoRoom | undefined>((resolve) => (later = resolve));
  const refused = lease.reserve(bytes, later);
  return refused === 'waits' ? waited : refused;
}
