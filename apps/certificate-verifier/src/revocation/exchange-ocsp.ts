import type { Destinations } from '@sluice/service-shell';
import type { ExchangeOcsp } from './ask-responder.js';

const maxResponse = 64 * 1024;

/** OCSP over HTTP (RFC 6960 appendix A): POST, no redirects, bounds for time and size. */
export function exchangeOcspOverHttp(destinations: Destinations): ExchangeOcsp {
  return (url, request, timeoutMs) => exchange(destinations, url, request, timeoutMs);
}

async function exchange(
  destinations: Destinations,
  url: string,
  request: Uint8Array,
  timeoutMs: number,
): Promise<Uint8Array> {
  const response = await destinations.fetch(url, {
    method: 'POST',
    body: Buffer.from(request),
    headers: { 'content-type': 'application/ocsp-request', accept: 'application/ocsp-response' },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`it answered ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxResponse) throw new Error('its answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}
