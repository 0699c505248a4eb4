import { hasScheme, maxClientLength, readBasic, type ClientSecret } from './basic-credentials.js';
import type { OAuthError } from './oauth-error.js';
import { decodeFormValue } from './read-form.js';

/** By what a client shows who it is: its secret, or a certificate in whatever form the end point has it. */
export type ShownClient<Certificate> =
  | { readonly by: 'secret'; readonly client: ClientSecret }
  | { readonly by: 'certificate'; readonly certificate: Certificate; readonly clientId?: string | undefined };

/**
 * Finds the one way in which a client authenticates (RFC 6749 §2.3, RFC 8705 §2). Two of them are refused, for nobody knows which one was meant; a
 * certificate beside a secret is not one, but what the token will be bound to.
 */
export function readClient<Certificate>(
  authorization: string | undefined,
  form: ReadonlyMap<string, string>,
  certificate: Certificate | undefined,
): ShownClient<Certificate> | OAuthError {
  const clientId = form.get('client_id');
  const secret = form.get('client_secret');
  if (form.has('client_assertion') || form.has('client_assertion_type'))
    return refused('Assertions of clients are not taken: authenticate by secret or by certificate.');
  if (authorization !== undefined) {
    if (!hasScheme(authorization, 'basic'))
      return refused('Only the scheme Basic authenticates a client in the header Authorization.');
    if (secret !== undefined)
      return {
        error: 'invalid_request',
        description: 'The client authenticates in the header and in the body: use one.',
      };
    const written = readBasic(authorization);
    const client = written && { clientId: decodeFormValue(written.clientId), secret: decodeFormValue(written.secret) };
    if (client?.clientId === undefined || client.secret === undefined)
      return refused('What follows Basic is not the id and secret of a client.');
    if (clientId !== undefined && clientId !== client.clientId)
      return { error: 'invalid_request', description: 'The header and the body name different clients.' };
    return { by: 'secret', client: { clientId: client.clientId, secret: client.secret } };
  }
  if (secret !== undefined) {
    if (clientId === undefined)
      return { error: 'invalid_request', description: 'client_secret came without client_id.' };
    if (clientId.length > maxClientLength || secret.length > maxClientLength)
      return refused('No client has such an id or secret.');
    return { by: 'secret', client: { clientId, secret } };
  }
  if (certificate) {
    if (clientId !== undefined && clientId.length > maxClientLength) return refused('No client has such an id.');
    return { by: 'certificate', certificate, clientId };
  }
  return refused('The client did not authenticate: send its id and secret, or its certificate.');
}

function refused(description: string): OAuthError {
  return { error: 'invalid_client', description };
}
