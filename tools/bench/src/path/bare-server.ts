/**
 * The baseline: Node's own https server with mutual TLS, one look into a Map by the certificate's SHA-256, and an echo.
 * Started as a process of its own: `bare-server.js PORT CERTIFICATE KEY CLIENT_ROOT SHA256`.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';

const [port, certificate, key, clientRoot, sha256] = process.argv.slice(2) as [string, string, string, string, string];
const roles = new Map([[sha256, 'ESBMessaging.send']]);
const fingerprints = new WeakMap<TLSSocket, string>();

createServer(
  {
    cert: readFileSync(certificate),
    key: readFileSync(key),
    ca: readFileSync(clientRoot),
    requestCert: true,
    rejectUnauthorized: true,
  },
  (request, response) => {
    const socket = request.socket as TLSSocket;
    let fingerprint = fingerprints.get(socket);
    if (fingerprint === undefined) {
      fingerprint = socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase();
      fingerprints.set(socket, fingerprint);
    }
    if (roles.get(fingerprint) !== 'ESBMessaging.send') {
      response.writeHead(403).end();
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
      response.end(body);
    });
  },
).listen(Number(port), '127.0.0.1', () => process.stdout.write('listening\n'));
