import type { Check } from '@sluice/contracts';
import { hash, type X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { CallerCertificate } from '../decisions/caller.js';
import type { Permit } from '../decisions/permit-cache.js';
import type { Endpoint } from '../flows/deployed-flows.js';
import type { SentChains } from '../listeners/sent-chains.js';

/** What a request was let in by. */
export interface PermittedUse {
  /** As it stands in the request. */
  readonly url: string;
  /** The routes by which `endpoint` was found: other ones may lead elsewhere. */
  readonly routes: object;
  /** Canonical. */
  readonly path: string;
  readonly endpoint: Endpoint;
  readonly permit: Permit;
}

/**
 * A caller's certificate, with what the request before on this connection was let in by, whatever that one showed: a shortcut, not a
 * second cache.
 */
export interface ConnectedCaller extends CallerCertificate {
  used?: PermittedUse;
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
export function callerOfConnection(chains: SentChains): (connection: Socket) => ConnectedCaller | undefined {
  return (connection) => {
    const socket = connection as MarkedSocket;
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
    return { leaf, sha256, chain: () => (chain ??= chains.remember(sha256, sentBeside(peer))) };
  }
  const chain = chains.of(sha256);
  return {
    leaf,
    sha256,
    chain: () => chain ?? [],
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
  return { leaf, sha256: digest(leaf), chain: () => chain };
}

function digest(certificate: Uint8Array): string {
  return hash('sha256', certificate, 'hex');
}

/** What the peer sent beside its leaf, in the order it sent it. Only the first look at a peer's certificate has it. */
function sentBeside(leaf: X509Certificate): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  for (let next = leaf.issuerCertificate; next && chain.length < 16; next = next.issuerCertificate)
    chain.push(next.raw);
  return chain;
}
