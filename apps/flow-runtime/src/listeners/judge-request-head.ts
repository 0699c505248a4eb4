import { headLimits, serverNameOf, type VirtualHosts } from '@sluice/service-shell';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { UnreadableReason } from './note-unreadable.js';

export interface HeadRefusal {
  readonly status: 400 | 421 | 431 | 501 | 505;
  readonly reason: UnreadableReason;
  readonly detail: string;
}

const agreedHost = Symbol('host that agrees with the server name');
interface MarkedSocket extends Socket {
  [agreedHost]?: string;
}

/** `uri-host [":" port]` of RFC 9110 §7.2, without user information. */
const hostForm = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]*)?$/;
/** RFC 9112 §3.2.2. */
const absoluteForm = /^https?:\/\/([^/?#]*)(.*)$/i;

/**
 * What is wrong with the head of a request before anybody asks who calls. A target in absolute form is written in origin form
 * from here on, and the host it names is the host of the request.
 * @param hosts undefined where the server name says nothing of the host: a load balancer's connection is made to the runtime
 */
export function judgeRequestHead(request: IncomingMessage, hosts: VirtualHosts | undefined): HeadRefusal | undefined {
  // Node reads heads of HTTP/0.9 and HTTP/2.0 as if they were its own (RFC 9110 §15.6.6).
  if (request.httpVersionMajor !== 1)
    return { status: 505, reason: 'version', detail: 'Only HTTP/1.1 and HTTP/1.0 are spoken here.' };
  const raw = request.rawHeaders;
  if (raw.length > 2 * headLimits.maxHeaders)
    return {
      status: 431,
      reason: 'head-too-large',
      detail: `The request has more than ${headLimits.maxHeaders} header lines.`,
    };
  let host: string | undefined;
  let authorized = false;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      const refusal = judgeTransferEncoding(request);
      if (refusal) return refusal;
    }
    if (name.length === 13 && name.toLowerCase() === 'authorization') {
      // Node takes the first, and who reads the last takes another caller for it (RFC 9110 §11.6.2: one value).
      if (authorized)
        return { status: 400, reason: 'authorization', detail: 'The request has more than one Authorization header.' };
      authorized = true;
    }
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue;
    // RFC 9112 §3.2: one and only one.
    if (host !== undefined)
      return { status: 400, reason: 'host', detail: 'The request has more than one Host header.' };
    host = raw[index + 1] as string;
  }
  const socket = request.socket as MarkedSocket;
  if (request.url?.charCodeAt(0) !== slash) {
    const named = toOriginForm(request);
    if (named === '') return { status: 400, reason: 'host', detail: 'The target of the request names no host.' };
    host = named ?? host;
  } else if (host === undefined || socket[agreedHost] === host) return undefined;
  if (host === undefined) return undefined;
  if (hosts && !hosts.agree(serverNameOf(request.socket), host))
    return {
      status: 421,
      reason: 'misdirected',
      detail: 'The request is for another host than the connection was made to.',
    };
  if (!hostForm.test(host))
    return { status: 400, reason: 'host', detail: 'The host of the request is not the name of a host.' };
  socket[agreedHost] = host;
  return undefined;
}

const slash = 47;

/** RFC 9112 §6.1, §6.3: HTTP/1.0 has no codings, and a body that does not end as chunked has no known end. */
function judgeTransferEncoding({ headers, httpVersionMinor }: IncomingMessage): HeadRefusal | undefined {
  if (httpVersionMinor === 0)
    return { status: 400, reason: 'transfer-coding', detail: 'HTTP/1.0 has no Transfer-Encoding.' };
  const codings = (headers['transfer-encoding'] ?? '').split(',').map((coding) => coding.trim().toLowerCase());
  if (codings.at(-1) !== 'chunked' || codings.filter((coding) => coding === 'chunked').length > 1)
    return {
      status: 400,
      reason: 'transfer-coding',
      detail: 'The transfer codings of the request do not end in chunked, once.',
    };
  return codings.length === 1
    ? undefined
    : { status: 501, reason: 'transfer-coding', detail: 'The only transfer coding that is understood is chunked.' };
}

/** @returns the host an absolute target names, empty when it should and does not; undefined for any other target */
function toOriginForm(request: IncomingMessage): string | undefined {
  const [, authority, rest = ''] = absoluteForm.exec(request.url ?? '') ?? [];
  if (authority === undefined) return undefined;
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
  request.headers.host = authority;
  return authority.startsWith(':') ? '' : authority;
}
