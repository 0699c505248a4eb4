import { createHash, type X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
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
  const leaf = socket.getPeerX509Certificate();
  const caller = leaf && connectedCaller(leaf.raw, () => sentBeside(leaf));
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

/** What the peer sent beside its leaf, in the order it sent it. Only the first look at a peer's certificate has it. */
function sentBeside(leaf: X509Certificate): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  for (let next = leaf.issuerCertificate; next && chain.length < 16; next = next.issuerCertificate)
    chain.push(next.raw);
  return chain;
}
