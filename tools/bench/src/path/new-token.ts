import { request } from 'node:https';
import type { LoadTarget } from './load.js';

/**
 * Gets an access token by the certificate of a target (RFC 8705 §2), to which it is bound then.
 * @throws Error when it is not issued
 */
export function newToken({ port, certificate, key, serverRoot }: Omit<LoadTarget, 'path' | 'token'>): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: 'localhost',
        port,
        method: 'POST',
        path: '/oauth/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
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
    asked.on('error', reject).end('grant_type=client_credentials');
  });
}
