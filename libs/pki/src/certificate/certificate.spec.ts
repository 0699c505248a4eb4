import { createHash, X509Certificate } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { formatDistinguishedName } from '@sluice/domain';
import { encode, makeCertificate, raw, testTime } from '../testing/make-certificate.js';
import { MalformedCertificate, parseCertificate } from './certificate.js';

const root = makeCertificate({ subject: 'CN=Root,O=Example,C=DE', ca: true, pathLength: 3 });
const rich = makeCertificate({
  subject: 'CN=sender\\, one,OU=a+OU=b,emailAddress=a@example.com,C=DE',
  issuer: root,
  extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'],
  subjectAltNames: [
    'dns:a.example.com',
    'email:b@example.com',
    'ip:192.0.2.1',
    'ip:2001:db8::1',
    'uri:https://example.com/x',
    'dir:CN=other',
    'rid:1.2.3',
    'other:1.3.6.1.4.1.311.20.2.3',
  ],
  policies: ['1.2.3.4'],
});

describe('parseCertificate', () => {
  it('reads what node reads', () => {
    const node = new X509Certificate(rich.der);
    const own = rich.certificate;
    expect(own.serialNumber).toBe(node.serialNumber.toLowerCase());
    expect(own.notBefore).toBe(Date.parse(node.validFrom));
    expect(own.notAfter).toBe(Date.parse(node.validTo));
    expect(own.sha256).toBe(node.fingerprint256.replace(/:/g, '').toLowerCase());
    expect(own.spki).toEqual(new Uint8Array(node.publicKey.export({ type: 'spki', format: 'der' })));
    expect(own.spkiSha256).toBe(createHash('sha256').update(own.spki).digest('hex'));
    expect(own.publicKey().equals(node.publicKey)).toBe(true);
    expect(own.extendedKeyUsage).toEqual(node.keyUsage);
  });

  it('reads what PKI.js reads', () => {
    const other = pkijs.Certificate.fromBER(new Uint8Array(rich.der).buffer);
    const own = rich.certificate;
    expect(own.extensions.map(({ oid, critical }) => [oid, critical])).toEqual(
      other.extensions?.map((extension) => [extension.extnID, extension.critical]),
    );
    expect(own.tbs).toEqual(new Uint8Array(other.tbsView));
    expect(own.signature).toEqual(new Uint8Array(other.signatureValue.valueBlock.valueHexView));
    expect(own.issuer.flat().map(({ type, value }) => [type, value])).toEqual(
      other.issuer.typesAndValues.map(({ type, value }) => [type, (value.valueBlock as { value: unknown }).value]),
    );
  });

  it('decodes names and extensions', () => {
    const { certificate } = rich;
    expect(formatDistinguishedName(certificate.subject)).toBe(
      'CN=sender\\, one,OU=a+OU=b,emailAddress=a@example.com,C=DE',
    );
    expect(certificate.subjectAltNames).toMatchObject([
      { form: 'dNSName', value: 'a.example.com' },
      { form: 'rfc822Name', value: 'b@example.com' },
      { form: 'iPAddress', address: Uint8Array.of(192, 0, 2, 1) },
      { form: 'iPAddress' },
      { form: 'uniformResourceIdentifier', value: 'https://example.com/x' },
      { form: 'directoryName' },
      { form: 'registeredID', value: '1.2.3' },
      { form: 'otherName', type: '1.3.6.1.4.1.311.20.2.3' },
    ]);
    expect(certificate.policies).toEqual(new Set(['1.2.3.4']));
    expect(certificate.keyUsage).toEqual(['digitalSignature']);
    expect(certificate.isSelfIssued).toBe(false);
    expect(root.certificate).toMatchObject({
      isSelfIssued: true,
      basicConstraints: { ca: true, pathLength: 3 },
      keyUsage: ['keyCertSign', 'cRLSign'],
    });
  });

  it('reads a negative serial number and one of 20 octets', () => {
    expect(
      makeCertificate({ subject: 'CN=a', issuer: root, serial: Uint8Array.of(0xff) }).certificate.serialNumber,
    ).toBe('ff');
    expect(
      makeCertificate({ subject: 'CN=a', issuer: root, serial: new Uint8Array(20).fill(0x7f) }).certificate
        .serialNumber,
    ).toHaveLength(40);
  });
});

/** Puts other bytes for these in the signed part. */
const replace =
  (from: string, to: string) =>
  (tbs: Uint8Array): Uint8Array => {
    const hex = Buffer.from(tbs).toString('hex');
    if (!hex.includes(from)) throw new Error('the test looks for bytes that are not there');
    return encode(raw(new Uint8Array(Buffer.from(hex.replace(from, to), 'hex'))));
  };

describe('attack 22: malformed certificates are refused', () => {
  it.each([
    ['trailing bytes', Uint8Array.of(...rich.der, 0)],
    ['a truncated certificate', rich.der.subarray(0, -1)],
    ['nothing', new Uint8Array(0)],
    ['an indefinite length', Uint8Array.of(0x30, 0x80, ...rich.der.subarray(4), 0, 0)],
    ['a length that is not minimal', Uint8Array.of(0x30, 0x83, 0x00, ...rich.der.subarray(2))],
  ])('refuses %s', (_what, der) => {
    expect(() => parseCertificate(der)).toThrow(MalformedCertificate);
  });

  it.each([
    ['an extension twice', { extensions: [{ oid: '2.5.29.15', value: Uint8Array.of(3, 2, 7, 0x80) }] }],
    ['a SAN that is no DER', { extensions: [{ oid: '2.5.29.17', value: Buffer.from('DNS:a') }] }],
    ['an empty SAN', { extensions: [{ oid: '2.5.29.17', value: Uint8Array.of(0x30, 0) }] }],
    [
      'an IP address of three octets',
      { extensions: [{ oid: '2.5.29.17', value: Uint8Array.of(0x30, 5, 0x87, 3, 1, 2, 3) }] },
    ],
    ['an IP range for an address', { subjectAltNames: ['ip:192.0.2.0/24'] }],
    ['an empty extended key usage', { extensions: [{ oid: '2.5.29.37', value: Uint8Array.of(0x30, 0) }] }],
    ['a key usage without a bit', { keyUsage: [], extensions: [{ oid: '2.5.29.15', value: Uint8Array.of(3, 1, 0) }] }],
    [
      'bytes behind an extension value',
      { extensions: [{ oid: '2.5.29.37', value: Uint8Array.of(0x30, 3, 6, 1, 0x2a, 0) }] },
    ],
    ['a serial number of 21 octets', { serial: new Uint8Array(21).fill(0x7f) }],
    ['a DNS name beyond ASCII', { extensions: [{ oid: '2.5.29.17', value: Uint8Array.of(0x30, 3, 0x82, 1, 0xe4) }] }],
    ['name constraints without a subtree', { extensions: [{ oid: '2.5.29.30', value: Uint8Array.of(0x30, 0) }] }],
    ['a policy twice', { policies: ['1.2.3', '1.2.3'] }],
    ['extensions in version 2', { version: 2 as const, alterTbs: (tbs: Uint8Array) => withExtensions(tbs) }],
  ])('refuses %s', (_what, content) => {
    expect(() => makeCertificate({ subject: 'CN=a', issuer: root, ...content }).certificate).toThrow(
      MalformedCertificate,
    );
  });

  it('refuses two signature algorithms that differ', () => {
    const sha384 = '06082a8648ce3d040303';
    const altered = (): unknown =>
      makeCertificate({ subject: 'CN=a', issuer: root, alterTbs: replace('06082a8648ce3d040302', sha384) }).certificate;
    expect(altered).toThrow(/two signature algorithms differ/);
  });

  it('refuses an issuer without a name', () => {
    expect(() => makeCertificate({ subject: 'CN=a', issuer: root, issuerName: '' }).certificate).toThrow(
      MalformedCertificate,
    );
  });

  it('refuses a deeply nested otherName', () => {
    let nested: asn1js.BaseBlock = new asn1js.Null();
    for (let level = 0; level < 60; level++) nested = new asn1js.Sequence({ value: [nested] as never });
    const name = new asn1js.Constructed({
      idBlock: { tagClass: 3, tagNumber: 0 },
      value: [
        new asn1js.ObjectIdentifier({ value: '1.2.3' }),
        new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [nested] as never }),
      ] as never,
    });
    const value = new asn1js.Sequence({ value: [name] as never });
    expect(
      () => makeCertificate({ subject: 'CN=a', issuer: root, extensions: [{ oid: '2.5.29.17', value }] }).certificate,
    ).toThrow(/deep/);
  });

  it('tells what is wrong and what to do', () => {
    expect(() => parseCertificate(Uint8Array.of(1))).toThrow(/malformed: .*Have it issued again/);
  });
});

function withExtensions(tbs: Uint8Array): Uint8Array {
  const block = raw(tbs) as asn1js.Sequence;
  block.valueBlock.value.push(
    raw(
      Uint8Array.from([0xa3, 0x0d, 0x30, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x04, 0x02, 0x30, 0x00]),
    ) as never,
  );
  return encode(block);
}

describe('attack 15: identity is the SHA-256 of the whole certificate', () => {
  it('gives another identity to another certificate with the same serial number and the same key', () => {
    const serial = Uint8Array.of(1, 2, 3);
    const one = makeCertificate({ subject: 'CN=a', issuer: root, serial });
    const other = makeCertificate({ subject: 'CN=a', issuer: root, serial, notAfter: testTime + 1000 });
    expect(other.certificate.serialNumber).toBe(one.certificate.serialNumber);
    expect(other.certificate.spkiSha256).toBe(one.certificate.spkiSha256);
    expect(other.certificate.sha256).not.toBe(one.certificate.sha256);
  });
});

describe('attack 18: names are read from DER, never split from a printed string', () => {
  it.each(['a.example.com\nDNS:admin.example.com', 'a.example.com, DNS:admin.example.com', '"a", DNS:b'])(
    'reads %j as one name',
    (value) => {
      const { certificate } = makeCertificate({ subject: 'CN=a', issuer: root, subjectAltNames: [`dns:${value}`] });
      expect(certificate.subjectAltNames).toEqual([{ form: 'dNSName', value }]);
    },
  );
});
