import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readCertificates } from './read-certificate.js';

/** A certificate of its own issuer, made by openssl. */
function made(subject: string, days: number): string {
  return execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-utf8'],
      ...['-keyout', '/dev/null', '-days', String(days), '-subj', subject],
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
}

const octets = (pem: string) => Uint8Array.from(new X509Certificate(pem).raw);
const inSeconds = (time: string) => Math.floor(Date.parse(time) / 1_000);

describe('a certificate in hand', () => {
  // After 2049 the end is a GeneralizedTime, before it a UTCTime (RFC 5280 §4.1.2.5).
  it.each([
    ['of this century', '/C=DE/O=Müller, Söhne/CN=orders', 30],
    ['that ends after 2049', '/O=Partner/CN=long', 12_000],
  ])('is read as openssl and Node.js read it: one %s', async (_which, subject, days) => {
    const pem = made(subject, days);
    const known = new X509Certificate(pem);
    const [read] = await readCertificates(`Bag Attributes\n${pem}`);
    expect(read?.sha256).toBe(known.fingerprint256.replaceAll(':', '').toLowerCase());
    expect(inSeconds(read?.validFrom ?? '')).toBe(inSeconds(known.validFrom));
    expect(inSeconds(read?.validUntil ?? '')).toBe(inSeconds(known.validTo));
    expect(new X509Certificate(read?.pem ?? '').raw).toEqual(known.raw);
  });

  it('has its names in the manner of RFC 4514, the last part first and what separates parts escaped', async () => {
    const [read] = await readCertificates(made('/C=DE/O=Müller, Söhne/CN=orders', 30));
    expect(read?.subject).toBe('CN=orders,O=Müller\\, Söhne,C=DE');
    expect(read?.issuer).toBe(read?.subject);
  });

  it('can be a file in DER', async () => {
    const pem = made('/CN=der', 30);
    expect(await readCertificates(octets(pem))).toEqual(await readCertificates(pem));
  });

  it('can be a chain, of which each is read', async () => {
    const read = await readCertificates(`${made('/CN=leaf', 30)}${made('/CN=root', 30)}`);
    expect(read.map(({ subject }) => subject)).toEqual(['CN=leaf', 'CN=root']);
  });

  it('is refused when it ends before it should, whatever is cut off', async () => {
    const der = octets(made('/CN=cut', 30));
    for (let length = 1; length < der.length; length += 1)
      await expect(readCertificates(der.slice(0, length))).rejects.toThrow(/no certificate/);
  });

  it.each([
    ['a private key', '-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----', /belongs with its sender alone/],
    ['a request', '-----BEGIN CERTIFICATE REQUEST-----\nMA==', /block CERTIFICATE REQUEST and no/],
    ['anything else', 'hello', /begins with -----BEGIN CERTIFICATE-----/],
    ['what was not copied whole', '-----BEGIN CERTIFICATE-----\nMAA=A\n-----END CERTIFICATE-----', /copied whole/],
  ])('is not %s, and that is said', async (_what, text, said) => {
    await expect(readCertificates(text)).rejects.toThrow(said);
  });
});
