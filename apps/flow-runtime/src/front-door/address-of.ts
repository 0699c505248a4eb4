import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/**
 * Where a request came from, for delays after wrong secrets: its peer, or behind a load balancer what that one added last to
 * `X-Forwarded-For`. One that adds nothing, and lets through what a sender writes there, has the delay by address evaded; the one
 * by client holds all the same. Its own address would have one guesser delay all senders behind it.
 * @param proxied whether the peer is a load balancer that is let in as one
 */
export function addressOf(request: IncomingMessage, proxied: boolean): string {
  const peer = request.socket.remoteAddress ?? '';
  const forwarded = proxied ? request.headers['x-forwarded-for'] : undefined;
  if (typeof forwarded !== 'string') return peer;
  const last = forwarded.slice(forwarded.lastIndexOf(',') + 1).trim();
  return last.length <= maxAddressLength && isIP(last) ? last : peer;
}

/** An IPv6 address with an IPv4 one at its end; a zone behind it would be the sender's own text. */
const maxAddressLength = 45;
