import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { headLimits } from './apply-limits.js';
import type { VirtualHosts } from './virtual-hosts.js';

export interface HeadRefusal {
  readonly status: 400 | 421 | 431;
  readonly detail: string;
}

const agreedHost = Symbol('host that agrees with the server name');
interface MarkedSocket extends TLSSocket {
  [agreedHost]?: string;
}

/**
 * What is wrong with the head of a request before anybody asks who calls.
 * @param hosts undefined where the server name says nothing of the host: a load balancer's connection is made to the runtime
 */
export function judgeRequestHead(request: IncomingMessage, hosts: VirtualHosts | undefined): HeadRefusal | undefined {
  const raw = request.rawHeaders;
  if (raw.length > 2 * headLimits.maxHeaders)
    return { status: 431, detail: `The request has more than ${headLimits.maxHeaders} header lines.` };
  let host: string | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue;
    // RFC 9112 §3.2: one and only one.
    if (host !== undefined) return { status: 400, detail: 'The request has more than one Host header.' };
    host = raw[index + 1] as string;
  }
  if (!hosts || host === undefined) return undefined;
  const socket = request.socket as MarkedSocket;
  if (socket[agreedHost] === host) return undefined;
  if (!hosts.agree(socket.servername || undefined, host))
    return { status: 421, detail: 'The request is for another host than the connection was made to.' };
  socket[agreedHost] = host;
  return undefined;
}
