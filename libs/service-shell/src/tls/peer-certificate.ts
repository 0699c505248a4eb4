import type { Check } from '@sluice/contracts';
import { hash, type X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { SentChains } from './sent-chains.js';

/** The leaf a peer proved to have the key of, and the other certificates it sent, in any order. DER. */
export interface PeerCertificate {
  readonly sha256: string;
  readonly leaf: Uint8Array;
  /** Read when the chain is needed: a request that was decided before does not. */
  chain(): readonly Uint8Array[];
  /** What the administrator should know beside a refusal. */
  readonly note?: Check;
}

const ofSocket = Symbol('certificate of the peer');
interface MarkedSocket extends TLSSocket {
  [ofSocket]?: PeerCertificate | null;
}

/** The certificate whose key the peer of the connection proved to have; read once a connection, judged on every request. */
export function certificateOfConnection(chains: SentChains): (connection: Socket) => PeerCertificate | undefined {
  return (connection) => {
    const socket = connection as MarkedSocket;
    const known = socket[ofSocket];
    if (known !== undefined) return known ?? undefined;
    const leaf = socket.getPeerX509Certificate();
    const certificate = leaf && readCertificate(leaf, socket.isSessionReused(), chains);
    socket[ofSocket] = certificate ?? null;
    return certificate;
  };
}

function readCertificate(peer: X509Certificate, resumed: boolean, chains: SentChains): PeerCertificate {
  const leaf = peer.raw;
  const sha256 = hash('sha256', leaf, 'hex');
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

/** What the peer sent beside its leaf, in the order it sent it. Only the first look at a peer's certificate has it. */
function sentBeside(leaf: X509Certificate): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  for (let next = leaf.issuerCertificate; next && chain.length < 16; next = next.issuerCertificate)
    chain.push(next.raw);
  return chain;
}
