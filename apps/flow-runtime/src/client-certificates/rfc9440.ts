import type { IncomingMessage } from 'node:http';
import { decodeCertificate, type PassedOn } from './decode-certificate.js';
import { MalformedClientCert } from './malformed-client-cert.js';

/** RFC 9651 §3.3.5: a byte sequence, here without parameters and not empty. */
const byteSequence = /^:([A-Za-z0-9+/]+={0,2}):$/;

/**
 * Reads the certificate a load balancer passed on by RFC 9440: `Client-Cert` holds the leaf, `Client-Cert-Chain` the
 * others. Each must come once, in the exact form (attacks 10 to 13).
 * @returns undefined when the load balancer passed none on
 * @throws MalformedClientCert
 */
export function readClientCert(request: IncomingMessage): PassedOn | undefined {
  const raw = request.rawHeaders;
  let leaf: string | undefined;
  let chain: string | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const written = raw[index] as string;
    const name = written.toLowerCase();
    const value = raw[index + 1] as string;
    if (name === 'client-cert') {
      if (leaf !== undefined) throw new MalformedClientCert('Client-Cert stands in the request twice.');
      leaf = value;
    } else if (name === 'client-cert-chain') {
      if (chain !== undefined) throw new MalformedClientCert('Client-Cert-Chain stands in the request twice.');
      chain = value;
    } else if (name.replace(/[^a-z0-9]/g, '-').startsWith('client-cert')) {
      throw new MalformedClientCert(`${written} is a header that other programs could take for Client-Cert.`);
    }
  }
  if (leaf === undefined) {
    if (chain !== undefined) throw new MalformedClientCert('Client-Cert-Chain came without Client-Cert.');
    return undefined;
  }
  return { leaf: decode(leaf), chain: chain === undefined ? [] : chain.split(',').map((item) => decode(item.trim())) };
}

function decode(value: string): Buffer {
  const [, base64] = byteSequence.exec(value) ?? [];
  if (base64 === undefined)
    throw new MalformedClientCert('Client-Cert must be one certificate as a byte sequence, :base64: (RFC 9440 §2.2).');
  return decodeCertificate(base64, 'Client-Cert (RFC 9440)');
}
