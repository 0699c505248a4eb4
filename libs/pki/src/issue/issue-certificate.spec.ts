import { describe, expect, it } from '@jest/globals';
import { canonicalDistinguishedName, parseDistinguishedName } from '@sluice/domain';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Certificate as PkijsCertificate } from 'pkijs';
import { parseCertificate } from '../certificate/certificate.js';
import { encodePem } from '../pem/encode-pem.js';
import { parseCertificateList } from '../revocation/parse-certificate-list.js';
import { issueCertificateList, type RevokedEntry } from './issue-certificate-list.js';
import { issueCertificate, subjectPublicKeyInfo, type CertificateContent } from './issue-certificate.js';

const day = 86_400_000;
const now = Date.now();
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
// In CI nothing is skipped: without it the tests fail.
const withOpenssl = hasOpenssl || process.env['CI'] === 'true' ? it : it.skip;
if (!hasOpenssl) process.stderr.write('openssl is not installed: the tests that ask it are skipped\n');

function authority(pair: { privateKey: KeyObject; publicKey: KeyObject }, subject = 'CN=Test CA,O=Sluice,C=DE') {
  const name = parseDistinguishedName(subject);
  const publicKey = subjectPublicKeyInfo(pair.publicKey);
  const issuer = { name, privateKey: pair.privateKey, publicKey };
  const { der } = issueCertificate(
    {
      subject: name,
      publicKey,
      notBefore: now - day,
      notAfter: now + 9_000 * day,
      profile: { kind: 'certificate-authority', pathLength: 0 },
    },
    issuer,
  );
  return { issuer, der };
}

const leaf = (content: Partial<CertificateContent> = {}): CertificateContent => ({
  subject: parseDistinguishedName('CN=a\\,b,OU=ü,UID=1+CN=2,O=Sluice'),
  publicKey: subjectPublicKeyInfo(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey),
  notBefore: now - 60_000,
  notAfter: now + 30 * day,
  profile: { kind: 'client' },
  crlUrl: 'http://crl.example/crl/1.crl',
  ...content,
});

const keys = [
  ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['Ed25519', () => generateKeyPairSync('ed25519')],
] as const;

describe('an issued certificate', () => {
  it.each(keys)(
    'signed with %s says to node, to PKI.js and to our strict reader what it was made of',
    (_name, make) => {
      const { issuer, der: caDer } = authority(make());
      const content = leaf();
      const { der, serialNumber } = issueCertificate(content, issuer);
      const byNode = new X509Certificate(der);
      expect(byNode.verify(new X509Certificate(caDer).publicKey)).toBe(true);
      expect(byNode.serialNumber.toLowerCase()).toBe(serialNumber);
      expect(byNode.ca).toBe(false);
      const ours = parseCertificate(der);
      expect(ours.subjectKey).toBe(canonicalDistinguishedName(content.subject));
      expect(ours.issuer).toEqual(issuer.name);
      expect([ours.notBefore, ours.notAfter]).toEqual(
        [content.notBefore, content.notAfter].map((time) => Math.floor(time / 1_000) * 1_000),
      );
      expect(ours.keyUsage).toEqual(['digitalSignature']);
      expect(ours.extendedKeyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
      expect(ours.authorityKeyIdentifier?.keyIdentifier).toEqual(parseCertificate(caDer).subjectKeyIdentifier);
      expect(ours.crlDistributionPoints?.[0]?.name).toMatchObject({
        form: 'fullName',
        names: [{ value: content.crlUrl }],
      });
      const byPkijs = PkijsCertificate.fromBER(new Uint8Array(der).buffer);
      expect(Buffer.from(byPkijs.toSchema(true).toBER()).equals(Buffer.from(der))).toBe(true);
    },
  );

  it('writes years from 2050 on as GeneralizedTime', () => {
    const { issuer } = authority(keys[0][1]());
    const notAfter = Date.UTC(2061, 1, 3, 4, 5, 6);
    expect(new X509Certificate(issueCertificate(leaf({ notAfter }), issuer).der).validToDate.getTime()).toBe(notAfter);
  });

  it('holds the names and addresses of a server', () => {
    const { issuer } = authority(keys[0][1]());
    const profile = { kind: 'server', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1', '::1'] } as const;
    const { der } = issueCertificate(leaf({ profile }), issuer);
    expect(new X509Certificate(der).subjectAltName).toBe(
      'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
  });
});

describe('what cannot be written into a certificate', () => {
  it('is an address that is none, rather than a certificate that says another', () => {
    const { issuer } = authority(keys[0][1]());
    for (const address of ['256.0.0.1', '1.2.3', '127.0.0.1.1', 'localhost', '2001:db8::1'])
      expect(() =>
        issueCertificate(leaf({ profile: { kind: 'server', dnsNames: [], ipAddresses: [address] } }), issuer),
      ).toThrow(new TypeError(`${address} is no IPv4 address (and of IPv6 ::1 alone is known here).`));
  });

  it.each([
    ['Ed448', () => generateKeyPairSync('ed448')],
    ['secp256k1', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
  ])('is a signature with a key of %s, which no verifier here would take', (_name, make) => {
    expect(() => authority(make())).toThrow(TypeError);
  });

  it.each(['Ü', 'D@', 'D*'])('is the country %j, which no PrintableString holds (RFC 5280 appendix A.1)', (country) => {
    const { issuer } = authority(keys[0][1]());
    const subject = parseDistinguishedName(`CN=a,C=${country}`);
    expect(() => issueCertificate(leaf({ subject }), issuer)).toThrow(TypeError);
  });

  it('is nothing of a name: one that was read is written as it was', () => {
    const { issuer } = authority(keys[0][1]());
    const subject = parseDistinguishedName('CN=a,2.5.4.45=#0302015a');
    const { der } = issueCertificate(leaf({ subject }), issuer);
    expect(parseCertificate(der).subject).toEqual(subject);
  });
});

describe('an issued CRL', () => {
  const entries: RevokedEntry[] = [
    { serialNumber: '7f00000000000000000000000000000a', revokedAt: now - day, reason: 'keyCompromise' },
    { serialNumber: 'ff', revokedAt: now - day, reason: 'unspecified' },
  ];
  const list = (of: readonly RevokedEntry[], number = 300) => ({
    number,
    thisUpdate: now - 1_000,
    nextUpdate: now + day,
    entries: of,
  });

  it.each(keys)('signed with %s is one of version 2 that our own reader takes', (_name, make) => {
    const { issuer } = authority(make());
    const parsed = parseCertificateList(issueCertificateList(list(entries), issuer));
    expect(parsed.nextUpdate).toBe(Math.floor((now + day) / 1_000) * 1_000);
    expect(parsed.revoked.size).toBe(2);
    const empty = parseCertificateList(issueCertificateList(list([], 1), issuer));
    expect(empty.revoked.size).toBe(0);
  });

  withOpenssl('is read by openssl crl, and openssl verify -crl_check refuses by it what is on it alone', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-crl-'));
    try {
      const { issuer, der } = authority(keys[0][1]());
      const [good, bad] = [issueCertificate(leaf(), issuer), issueCertificate(leaf(), issuer)];
      const crl = issueCertificateList(
        list([...entries, { serialNumber: bad.serialNumber, revokedAt: now - 5_000, reason: 'superseded' }]),
        issuer,
      );
      const file = (name: string, content: string | Uint8Array) => {
        writeFileSync(join(folder, name), content);
        return join(folder, name);
      };
      const [ca, crlPem, crlDer] = [
        file('ca.pem', encodePem(der)),
        file('crl.pem', encodePem(crl, 'X509 CRL')),
        file('list.crl', crl),
      ];
      const openssl = (...args: string[]) => spawnSync('openssl', args, { encoding: 'utf8' });
      const shown = openssl('crl', '-inform', 'DER', '-in', crlDer, '-noout', '-text', '-CAfile', ca);
      expect(shown.stderr).toContain('verify OK');
      expect(shown.stdout).toContain('Version 2');
      expect(shown.stdout).toMatch(/X509v3 CRL Number:\s+300/);
      expect(shown.stdout).toContain('X509v3 Authority Key Identifier');
      expect(shown.stdout).toContain('Superseded');
      const verify = (leafDer: Uint8Array) =>
        openssl(
          'verify',
          '-x509_strict',
          '-crl_check',
          '-CAfile',
          ca,
          '-CRLfile',
          crlPem,
          file('leaf.pem', encodePem(leafDer)),
        );
      expect(verify(good.der).stdout).toContain('OK');
      expect(verify(bad.der).stderr).toContain('certificate revoked');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
