import type { Destinations } from '@sluice/service-shell';
import type { CustomFetch } from 'openid-client';
import { isConfidential } from './oidc-environment.js';

/** Longest answer of a provider, in bytes: its keys, its configuration, a person's tokens. */
export const maxAnswerBytes = 512 * 1024;

/** What a provider answered, or was to be asked, and cannot be used. */
export class ProviderFault extends Error {
  override readonly name = 'ProviderFault';
}

/**
 * Asks a provider. Every end point of it is one that the policy of destinations permits, and that secrets may go to; redirects are not followed; an answer
 * is read up to a bound.
 */
export function boundedFetch(destinations: Pick<Destinations, 'fetch'>): CustomFetch {
  return async (url, { method, headers, body, signal, redirect }) => {
    if (!isConfidential(new URL(url))) throw new ProviderFault('an end point of the provider is not https');
    const answer = await destinations.fetch(url, {
      method,
      headers,
      redirect,
      ...(signal ? { signal } : {}),
      ...(body === undefined || body === null
        ? {}
        : { body: body instanceof URLSearchParams ? String(body) : (body as string) }),
    });
    const chunks: Uint8Array[] = [];
    let length = 0;
    // Leaving the loop ends the connection.
    for await (const chunk of answer.body ?? []) {
      length += (chunk as Uint8Array).length;
      if (length > maxAnswerBytes) throw new ProviderFault(`an answer of the provider exceeds ${maxAnswerBytes} bytes`);
      chunks.push(chunk as Uint8Array);
    }
    const hasBody = ![101, 204, 205, 304].includes(answer.status);
    return new Response(hasBody ? Buffer.concat(chunks) : null, {
      status: answer.status,
      headers: [...answer.headers.entries()],
    });
  };
}
