import { isUtf8 } from 'node:buffer';

export interface ClientSecret {
  readonly clientId: string;
  readonly secret: string;
}

const blank = 32;

/** RFC 9110 §11.1: without regard to case. */
export function hasScheme(authorization: string, scheme: string): boolean {
  const { length } = scheme;
  if (authorization.length < length || authorization.slice(0, length).toLowerCase() !== scheme) return false;
  return authorization.length === length || authorization.charCodeAt(length) === blank;
}

/** No id and no secret of ours is longer; in characters, as the contract has it. */
export const maxClientLength = 256;
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
  return clientId.length > maxClientLength || secret.length > maxClientLength ? undefined : { clientId, secret };
}
