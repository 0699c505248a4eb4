import { maxTokenLength } from '@sluice/contracts';
import { refuseAccess, type AccessRefusal, type SenderAuthentication } from '@sluice/domain';
import { hasScheme, readBasic, type ClientSecret } from '@sluice/oauth';
import { hash, randomBytes } from 'node:crypto';
import type { Caller, CallerCertificate } from '../decisions/caller.js';

/** What is there at an address without a flow, as strangers see it: so they do not find out by it which address has one. */
export const admittedWithoutFlow: ReadonlySet<SenderAuthentication> = new Set(['certificate', 'token']);

/** Drawn anew by each process: what is kept of a secret is of no use to who reads the memory of another. */
const salt = randomBytes(16).toString('hex');

/**
 * What says who calls: where a channel admits tokens and one is there, that alone; else likewise a secret; else the certificate
 * (ADR 52). What says less is never fallen back on. An `Authorization` that the channel does not admit is nobody's.
 * @param authorization the header as it came, of which there is one at most
 * @param address where it came from
 * @returns undefined when nothing that the channel admits is there; a refusal when the verifier need not be asked
 */
export function callerOf(
  authorization: string | undefined,
  certificate: CallerCertificate | undefined,
  admits: ReadonlySet<SenderAuthentication>,
  address: string,
): Caller | AccessRefusal | undefined {
  if (authorization !== undefined) {
    if (admits.has('token') && hasScheme(authorization, 'bearer')) {
      const token = authorization.slice('bearer '.length);
      if (token.length > maxTokenLength) return refuseAccess('token-too-large', { allowed: maxTokenLength });
      return { shown: shownToken(token, certificate), token, certificate };
    }
    if (admits.has('basic') && hasScheme(authorization, 'basic')) {
      const client = readBasic(authorization);
      return client ? { ...client, shown: shownSecret(client), address } : refuseAccess('wrong-secret');
    }
  }
  return admits.has('certificate') ? certificate : undefined;
}

/** The certificate belongs to it: bound to one, a token is something else beside another. */
function shownToken(token: string, certificate: CallerCertificate | undefined): string {
  return `token ${hash('sha256', `${salt} token ${certificate?.sha256 ?? 'none'} ${token}`, 'base64')}`;
}

/** @param client the length tells where the one ends and the other begins */
export function shownSecret({ clientId, secret }: ClientSecret): string {
  return `secret ${hash('sha256', `${salt} secret ${clientId.length} ${clientId} ${secret}`, 'base64')}`;
}
