/** Calls the admin API of a stack, whose certificate ends in a root that is given. */
import { Agent, request } from 'node:https';

/**
 * @param url, ca, token of the admin API: `https://localhost:8080`, PEM of its root, an admin token
 * @returns a function of method, path, body and content type; it gives status, headers and body, read where it is JSON.
 * It rejects when there is no answer in `timeoutMs`.
 */
export function adminCaller({ url, ca, token, timeoutMs = 20_000 }) {
  const agent = new Agent({ ca, keepAlive: true });
  return (method, path, body, type = 'application/json') =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        `${url}${path}`,
        {
          method,
          agent,
          headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) },
          signal: AbortSignal.timeout(timeoutMs),
        },
        (response) => {
          const chunks = [];
          response.on('error', reject);
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            const isJson = /json/.test(response.headers['content-type'] ?? '');
            resolve({
              status: response.statusCode,
              headers: response.headers,
              body: isJson && text !== '' ? JSON.parse(text) : text,
            });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body === undefined || type !== 'application/json' ? body : JSON.stringify(body));
    });
}
