import { maxTokenLength } from '@sluice/contracts';
import { refuseAccess, type AccessRefusal, type SenderAuthentication } from '@sluice/domain';
import { isUtf8 } from 'node:buffer';
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

/** RFC 9110 §11.1: without regard to case. */
export function hasScheme(authorization: string, scheme: string): boolean {
  const { length } = scheme;
  if (authorization.length < length || authorization.slice(0, length).toLowerCase() !== scheme) return false;
  return authorization.length === length || authorization.charCodeAt(length) === blank;
}

const blank = 32;

/** The certificate belongs to it: bound to one, a token is something else beside another. */
function shownToken(token: string, certificate: CallerCertificate | undefined): string {
  return `token ${hash('sha256', `${salt} token ${certificate?.sha256 ?? 'none'} ${token}`, 'base64')}`;
}

/** @param client the length tells where the one ends and the other begins */
export function shownSecret({ clientId, secret }: ClientSecret): string {
  return `secret ${hash('sha256', `${salt} secret ${clientId.length} ${clientId} ${secret}`, 'base64')}`;
}

export interface ClientSecret {
  readonly clientId: string;
  readonly secret: string;
}

/** No id and no secret of ours is longer; in characters. */
const maxLength = 256;
const basic = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

/** RFC 7617 §2, in UTF-8. @returns undefined when it is not that, or longer than any of ours */
export function readBasic(authorization: string): ClientSecret | undefined {
  const [, base64 = ''] = basic.exec(authorization) ?? [];
  const bytes = Buffer.from(base64, 'base64');
  if (base64 === '' || bytes.toString('base64') !== base64) return undefined;
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString();
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  const [clientId, secret] = [text.slice(0, colon), text.slice(colon + 1)];
  return clientId.length > maxLength || secret.length > maxLength ? undefined : { clientId, secret };
}
