import { MalformedClientCert } from './malformed-client-cert.js';

/** A certificate with its chain as a proxy passed it on, in DER. */
export interface PassedOn {
  readonly leaf: Buffer;
  readonly chain: readonly Buffer[];
}

export const maxValue = 64 * 1024;

/**
 * One certificate in base64 (RFC 4648 §4, no line breaks, no bits left over): one DER SEQUENCE, and nothing after it.
 * @throws MalformedClientCert
 */
export function decodeCertificate(base64: string, header: string): Buffer {
  const der = base64.length <= maxValue ? Buffer.from(base64, 'base64') : Buffer.alloc(0);
  if (der.length === 0 || der.toString('base64') !== base64 || !isOneSequence(der))
    throw new MalformedClientCert(`${header} must hold one certificate: base64 of DER, and nothing else.`);
  return der;
}

/** X.690 §8.1.3 and §10.1: definite length in its shortest form. What is inside the verifier judges. */
function isOneSequence(der: Buffer): boolean {
  const [tag, first] = der;
  if (tag !== 0x30 || first === undefined) return false;
  if (first < 0x80) return der.length === 2 + first;
  const octets = first & 0x7f;
  if (octets < 1 || octets > 3 || der.length < 2 + octets) return false;
  const length = der.readUIntBE(2, octets);
  return length >= (octets === 1 ? 0x80 : 2 ** (8 * (octets - 1))) && der.length === 2 + octets + length;
}

/**
 * Undoes percent-encoding (RFC 3986 §2.1) of a value in which nothing but unreserved characters stands for itself.
 * @throws MalformedClientCert
 */
export function decodePercent(
  value: string,
  header: string,
  literal = /^(?:[A-Za-z0-9\-._~]|%[0-9A-Fa-f]{2})*$/,
): string {
  if (value.length > maxValue || !literal.test(value))
    throw new MalformedClientCert(`${header} must be percent-encoded.`);
  return value.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

const block =
  /-----BEGIN CERTIFICATE-----\n((?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{1,64}={0,2}\n)-----END CERTIFICATE-----\n?/y;

/**
 * Certificates in PEM as programs write them (RFC 7468 §3, strict): nothing before, between or after.
 * @throws MalformedClientCert
 */
export function decodePemCertificates(pem: string, header: string): Buffer[] {
  const certificates: Buffer[] = [];
  for (let at = 0; at < pem.length; at = block.lastIndex) {
    block.lastIndex = at;
    const [, lines] = block.exec(pem) ?? [];
    if (lines === undefined)
      throw new MalformedClientCert(`${header} must hold certificates in PEM, and nothing else.`);
    certificates.push(decodeCertificate(lines.replaceAll('\n', ''), header));
  }
  return certificates;
}
