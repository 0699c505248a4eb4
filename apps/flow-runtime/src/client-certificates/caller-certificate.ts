import type { PeerCertificate } from '@sluice/service-shell';
import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Permit } from '../decisions/permit-cache.js';
import type { Endpoint } from '../flows/deployed-flows.js';

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
export interface ConnectedCaller extends PeerCertificate {
  used?: PermittedUse;
}

/** Reads the caller's certificate off a request; the listeners differ in where it stands. */
export type ReadCaller = (request: IncomingMessage) => ConnectedCaller | undefined;

/** A certificate that came with the request itself. Requests of many senders share their connection. */
export function passedOnCaller(leaf: Uint8Array, chain: readonly Uint8Array[]): ConnectedCaller {
  return { leaf, sha256: hash('sha256', leaf, 'hex'), chain: () => chain };
}
