import { SluiceError } from '@sluice/domain';
import { isUnreachable, unreachableSentence, type Destinations } from '@sluice/service-shell';
import type { RequestInit, Response } from 'undici';

/** What a URL gave; `content` is absent when it is what the entity tag named. */
export interface DownloadedCertificateList {
  readonly content?: Uint8Array;
  readonly etag?: string;
}

/** @throws SluiceError `certificate-list-refused` with why it could not be fetched */
export type DownloadCertificateList = (url: string, etag?: string) => Promise<DownloadedCertificateList>;

/** Injects a {@link DownloadCertificateList}. */
export const DOWNLOAD_CERTIFICATE_LIST = Symbol('DOWNLOAD_CERTIFICATE_LIST');

const maxRedirects = 3;

/** Downloads CRLs over HTTP, with bounds for time, size and redirects. */
export function downloadOverHttp(
  destinations: Destinations,
  limits: { timeoutMs: number; bytes: number },
): DownloadCertificateList {
  return async (url, etag) => {
    try {
      const signal = AbortSignal.timeout(limits.timeoutMs);
      const response = await follow(destinations, url, {
        signal,
        ...(etag === undefined ? {} : { headers: { 'if-none-match': etag } }),
      });
      if (response.status === 304) return etag === undefined ? {} : { etag };
      if (response.status !== 200) throw new Error(`it answered ${response.status}`);
      const content = await readBounded(response, limits.bytes);
      const tag = response.headers.get('etag');
      return { content, ...(tag === null ? {} : { etag: tag }) };
    } catch (error) {
      throw new SluiceError(
        'certificate-list-refused',
        `${url} could not be fetched: ${describe(error)}.`,
        { url },
        { cause: error },
      );
    }
  };
}

async function follow(destinations: Destinations, url: string, init: RequestInit): Promise<Response> {
  for (let target = url, redirects = 0; ; redirects++) {
    const response = await destinations.fetch(target, { ...init, redirect: 'manual' });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || response.status === 304 || location === null) return response;
    await response.body?.cancel();
    if (redirects === maxRedirects) throw new Error(`it redirects more than ${maxRedirects} times`);
    const next = new URL(location, target);
    if (next.protocol !== 'http:' && next.protocol !== 'https:') throw new Error(`it redirects to ${next.protocol}`);
    target = next.href;
  }
}

async function readBounded(response: Response, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > most) throw new Error(`it is longer than ${most} octets`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'the transfer failed';
  // One sentence for both: a time-out alone would tell a filtered port from a closed one.
  if (error.name === 'TimeoutError' || isUnreachable(error)) return `it took too long, or ${unreachableSentence}`;
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : error.message;
}
