import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, type InputType } from 'node:zlib';

type Decode = (body: InputType, options: { maxOutputLength: number }) => Promise<Buffer>;

const decoders: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
]);

/** For `Accept-Encoding` in the answer to a request with another (RFC 9110 §15.5.16). */
export const takenCodings = 'gzip, deflate, br';

export type DecodedContent =
  { readonly body: Uint8Array } | { readonly refused: 'too-large' | 'not-taken' | 'malformed' };

/**
 * Takes the content coding off the body of a request (RFC 9110 §8.4), off the event loop. One coding, not several: a body that
 * shrank twice has no honest use.
 * @param coding the header Content-Encoding
 * @param limit in bytes, for what comes out; decoding ends there
 */
export async function decodeContent(coding: string, body: Uint8Array, limit: number): Promise<DecodedContent> {
  const name = coding.trim().toLowerCase();
  if (name === '' || name === 'identity') return { body };
  const decode = decoders.get(name);
  if (!decode) return { refused: 'not-taken' };
  if (body.length === 0) return { body };
  try {
    return { body: await decode(body, { maxOutputLength: limit }) };
  } catch (error) {
    return { refused: (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'malformed' };
  }
}
