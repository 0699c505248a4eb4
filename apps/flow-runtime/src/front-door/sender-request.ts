import type { SenderRequest } from '@sluice/flow-engine';
import type { IncomingMessage } from 'node:http';
import { correlationIdHeader, type Endpoint } from '../flows/deployed-flows.js';
import { mayReachFlow } from './identity-headers.js';

/** What the engine needs to know of a request; headers that claim an identity or hold a secret do not reach it. */
export function toSenderRequest(
  request: IncomingMessage,
  endpoint: Endpoint,
  path: string,
  body: Uint8Array,
): SenderRequest {
  const target = request.url ?? '';
  const query = target.indexOf('?');
  const headers: Record<string, string> = {};
  const came = request.headers;
  for (const name in came) {
    const value = came[name];
    if (value !== undefined && mayReachFlow(name)) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const { address } = endpoint.sender;
  return {
    method: request.method ?? '',
    path: address.endsWith('/*') ? path.slice('/http'.length + address.length - '/*'.length) : '',
    query: query === -1 ? '' : target.slice(query + 1),
    url: `https://${request.headers.host ?? 'localhost'}${path}`,
    headers,
    body,
  };
}

/** The id of another message that this one belongs to, when the channel lets the sender say so. */
export function correlationIdOf(request: IncomingMessage, endpoint: Endpoint): string | undefined {
  if (!endpoint.acceptsCorrelationId) return undefined;
  const given = request.headers[correlationIdHeader];
  return typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : undefined;
}
