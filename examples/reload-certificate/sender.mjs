import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { createSecureContext } from 'node:tls';

/**
 * A sender that calls a flow with its client certificate and can take a new one while it works: calls under way finish
 * on the old connections, every later call is made with the new certificate.
 */
export class Sender {
  #agent;
  #sha256;

  /** @param {{ certificateFile: string, privateKeyFile: string, serverRoot: string }} files */
  constructor(files) {
    this.files = files;
    this.reload();
  }

  /** SHA-256 of the certificate that calls are made with now, as events name it: lower-case hex. */
  get sha256() {
    return this.#sha256;
  }

  /** Reads the files again. @throws Error when the private key is not the certificate's: then nothing changes */
  reload() {
    const cert = readFileSync(this.files.certificateFile, 'utf8');
    const key = readFileSync(this.files.privateKeyFile, 'utf8');
    createSecureContext({ cert, key }); // Refuses a pair of which one file was replaced and the other not yet.
    const before = this.#agent;
    this.#agent = new Agent({ keepAlive: true, cert, key, ca: this.files.serverRoot });
    this.#sha256 = sha256Of(cert);
    // Idle connections of the old certificate are closed; those that are busy close when their answer is there.
    // (Agent.destroy() would cut those off.)
    if (before) {
      before.maxFreeSockets = 0;
      for (const socket of Object.values(before.freeSockets).flat()) socket.destroy();
    }
  }

  /** Whether the certificate file holds another certificate than this one. */
  fileDiffersFrom(sha256) {
    return sha256Of(readFileSync(this.files.certificateFile, 'utf8')) !== sha256;
  }

  /** @returns {Promise<number>} the HTTP status */
  post(url, body) {
    return new Promise((resolve, reject) => {
      const call = request(url, { method: 'POST', agent: this.#agent }, (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode));
      });
      call.once('error', reject);
      call.end(body);
    });
  }
}

/** The first certificate of the file is the sender's own; its issuers follow. */
function sha256Of(pem) {
  return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
}
