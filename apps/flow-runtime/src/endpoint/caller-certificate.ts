import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { CallerCertificate } from '../decide-call/decide-call.js';
import type { Permit } from '../decide-call/permit-cache.js';
import type { Endpoint } from '../deployed-flows/deployed-flows.js';
import { readClientCert } from './client-cert-header.js';

/** A caller's certificate together with the permits it has used on this connection: a shortcut, not a second cache. */
export interface ConnectedCaller extends CallerCertificate {
  readonly permits: Map<Endpoint, Permit>;
}

const ofSocket = Symbol('caller certificate');
interface MarkedSocket extends TLSSocket {
  [ofSocket]?: ConnectedCaller | null;
}

/** The certificate whose key the peer of this connection proved to have; read once a connection, judged on every request. */
export function certificateOfConnection(request: IncomingMessage): ConnectedCaller | undefined {
  const socket = request.socket as MarkedSocket;
  const known = socket[ofSocket];
  if (known !== undefined) return known ?? undefined;
  const leaf = socket.getPeerX509Certificate()?.raw;
  const caller = leaf && connectedCaller(leaf, () => sentChain(socket));
  socket[ofSocket] = caller ?? null;
  return caller;
}

/** The certificate a load balancer passed on with this request. Requests of many senders share its connection. */
export function certificateOfHeader(request: IncomingMessage): ConnectedCaller | undefined {
  const passed = readClientCert(request);
  return passed && connectedCaller(passed.leaf, () => passed.chain);
}

function connectedCaller(leaf: Uint8Array, chain: () => readonly Uint8Array[]): ConnectedCaller {
  return { leaf, sha256: createHash('sha256').update(leaf).digest('hex'), chain, permits: new Map() };
}

/** What the peer sent beside its leaf; OpenSSL links it in whatever order it came. */
function sentChain(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (certificate?.issuerCertificate && certificate.issuerCertificate !== certificate && chain.length < 16) {
    certificate = certificate.issuerCertificate;
    if (certificate.raw) chain.push(certificate.raw);
  }
  return chain;
}
