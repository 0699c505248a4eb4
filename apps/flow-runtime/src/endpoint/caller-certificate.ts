import type { Check } from '@sluice/contracts';
import { createHash, type X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { CallerCertificate } from '../decide-call/decide-call.js';
import type { Permit } from '../decide-call/permit-cache.js';
import type { Endpoint } from '../deployed-flows/deployed-flows.js';
import type { SentChains } from './sent-chains.js';

/** A caller's certificate together with the permits it has used on this connection: a shortcut, not a second cache. */
export interface ConnectedCaller extends CallerCertificate {
  readonly permits: Map<Endpoint, Permit>;
  /** What the administrator should know beside a refusal. */
  readonly note?: Check;
}

/** Reads the caller's certificate off a request; the listeners differ in where it stands. */
export type ReadCaller = (request: IncomingMessage) => ConnectedCaller | undefined;

const ofSocket = Symbol('caller certificate');
interface MarkedSocket extends TLSSocket {
  [ofSocket]?: ConnectedCaller | null;
}

/** The certificate whose key the peer of the connection proved to have; read once a connection, judged on every request. */
export function callerOfConnection(chains: SentChains): ReadCaller {
  return (request) => {
    const socket = request.socket as MarkedSocket;
    const known = socket[ofSocket];
    if (known !== undefined) return known ?? undefined;
    const leaf = socket.getPeerX509Certificate();
    const caller = leaf && readCaller(leaf, socket.isSessionReused(), chains);
    socket[ofSocket] = caller ?? null;
    return caller;
  };
}

function readCaller(peer: X509Certificate, resumed: boolean, chains: SentChains): ConnectedCaller {
  const leaf = peer.raw;
  const sha256 = digest(leaf);
  if (!resumed) {
    let chain = chains.isFresh(sha256) ? undefined : chains.remember(sha256, sentBeside(peer));
    return { leaf, sha256, chain: () => (chain ??= chains.remember(sha256, sentBeside(peer))), permits: new Map() };
  }
  const chain = chains.of(sha256);
  return {
    leaf,
    sha256,
    chain: () => chain ?? [],
    permits: new Map(),
    ...(chain ? {} : { note: chainForgotten }),
  };
}

const chainForgotten: Check = {
  check: 'session',
  ok: false,
  explanation:
    'The connection resumed a TLS session, and what the sender sent beside its certificate on the full handshake is no longer remembered. If its chain is what was missing, a connection without resumption will do.',
};

/** A certificate that came with the request itself. Requests of many senders share their connection. */
export function passedOnCaller(leaf: Uint8Array, chain: readonly Uint8Array[]): ConnectedCaller {
  return { leaf, sha256: digest(leaf), chain: () => chain, permits: new Map() };
}

function digest(certificate: Uint8Array): string {
  return createHash('sha256').update(certificate).digest('hex');
}

/** What the peer sent beside its leaf, in the order it sent it. Only the first look at a peer's certificate has it. */
function sentBeside(leaf: X509Certificate): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  for (let next = leaf.issuerCertificate; next && chain.length < 16; next = next.issuerCertificate)
    chain.push(next.raw);
  return chain;
}
