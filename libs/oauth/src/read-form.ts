import { isUtf8 } from 'node:buffer';
import type { OAuthError } from './oauth-error.js';

const formType = /^application\/x-www-form-urlencoded[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*"?utf-8"?[ \t]*)?$/i;

interface Head {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What is wrong with the head of a request that should have a form (RFC 6749 §3.2), before anything of its body is read. */
export function judgeFormHead(request: Head): OAuthError | undefined {
  if (request.method !== 'POST')
    return { error: 'invalid_request', status: 405, description: 'This end point is used by POST alone.' };
  // RFC 6749 §2.3.1 and §3.2: secrets and tokens in an address are read by who writes logs.
  if (request.url?.includes('?'))
    return {
      error: 'invalid_request',
      description:
        'Nothing is taken from the query: send the parameters as the body, and get another secret if it stood there.',
    };
  const { 'content-type': type = '', 'content-encoding': coding } = request.headers;
  if (typeof type !== 'string' || !formType.test(type) || coding !== undefined)
    return { error: 'invalid_request', description: 'The body must be application/x-www-form-urlencoded, in UTF-8.' };
  return undefined;
}

/** The parameters of a form. One without a value counts as left out (RFC 6749 §3.2); none may stand there twice. */
export function readForm(body: Uint8Array): ReadonlyMap<string, string> | OAuthError {
  const malformed: OAuthError = {
    error: 'invalid_request',
    description: 'The body is not a form: names and values in UTF-8, percent-encoded.',
  };
  if (!isUtf8(body)) return malformed;
  const form = new Map<string, string>();
  const names = new Set<string>();
  for (const pair of Buffer.from(body).toString().split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decodeFormValue(equals === -1 ? pair : pair.slice(0, equals));
    const value = decodeFormValue(equals === -1 ? '' : pair.slice(equals + 1));
    if (name === undefined || value === undefined) return malformed;
    if (names.has(name))
      return { error: 'invalid_request', description: 'A parameter stands in the body more than once.' };
    names.add(name);
    if (value !== '') form.set(name, value);
  }
  return form;
}

/** RFC 6749 appendix B. @returns undefined when it is not that */
export function decodeFormValue(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
