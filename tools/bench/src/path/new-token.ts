import { request } from 'node:https';

export interface TokenClient {
  readonly port: number;
  readonly serverRoot: string;
  /** With its private key: by it the client is known (RFC 8705 §2), and the token is bound to it. */
  readonly certificate?: string;
  readonly key?: string;
  /** Of a key of the type `client_secret`, in place of a certificate. */
  readonly secret?: { readonly clientId: string; readonly clientSecret: string };
}

const timeoutMs = 15_000;

/**
 * Gets an access token at the token end point of a flow port.
 * @throws Error when it is not issued
 */
export function newToken({ port, serverRoot, certificate, key, secret }: TokenClient): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: 'localhost',
        port,
        method: 'POST',
        path: '/oauth/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        ...(secret ? { auth: `${secret.clientId}:${secret.clientSecret}` } : {}),
        ca: serverRoot,
        cert: certificate,
        key,
        agent: false,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('error', reject).on('end', () => {
          if (response.statusCode !== 200) {
            reject(new Error(`The token end point answered ${response.statusCode}: ${text.slice(0, 200)}`));
            return;
          }
          resolve((JSON.parse(text) as { access_token: string }).access_token);
        });
      },
    );
    asked.setTimeout(timeoutMs, () =>
      asked.destroy(new Error(`The token end point did not answer in ${timeoutMs} ms.`)),
    );
    asked.on('error', reject).end('grant_type=client_credentials');
  });
}
