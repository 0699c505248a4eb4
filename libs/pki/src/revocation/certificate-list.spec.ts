import { describe, expect, it } from '@jest/globals';
import * as asn1js from 'asn1js';
import { judgePath } from '../path/judge-path.js';
import { trustAnchor } from '../path/trust-anchor.js';
import {
  encode,
  generalName,
  makeCertificate,
  testKey,
  testTime,
  bitList,
  type TestCertificate,
} from '../testing/make-certificate.js';
import { makeCertificateList, testList, type ListContent } from '../testing/make-certificate-list.js';
import {
  MalformedCertificateList,
  parseCertificateList,
  parseLongCertificateList,
  type CertificateList,
} from './parse-certificate-list.js';
import { type RevocationInputs } from './revocation-inputs.js';

const day = 86_400_000;
const sequence = (...value: asn1js.BaseBlock[]): asn1js.Sequence => new asn1js.Sequence({ value: value as never });
const tagged = (number: number, ...value: asn1js.BaseBlock[]): asn1js.Constructed =>
  new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: number }, value: value as never });
const flag = (number: number): asn1js.Primitive =>
  new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber: number }, valueHex: Uint8Array.of(0xff).buffer });
const point = (uri: string): asn1js.BaseBlock => tagged(0, tagged(0, generalName(uri)));
const reasons = (number: number, bits: readonly number[]): asn1js.Primitive =>
  new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber: number }, valueHex: new Uint8Array(bitList(bits)).buffer });
const idp = (...fields: asn1js.BaseBlock[]) => ({ oid: '2.5.29.28', critical: true, value: sequence(...fields) });
const crlDp = (...points: asn1js.BaseBlock[][]) => ({
  oid: '2.5.29.31',
  value: sequence(...points.map((fields) => sequence(...fields))),
});

const root = makeCertificate({ subject: 'CN=Root', ca: true });
const ca = makeCertificate({ subject: 'CN=CA', issuer: root, ca: true });
const leaf = makeCertificate({ subject: 'CN=leaf', issuer: ca });
const serial = leaf.certificate.serialNumberBytes;
const fine = testList({ issuer: root });

interface Given extends Partial<RevocationInputs> {
  readonly certificate?: TestCertificate;
  readonly pool?: readonly TestCertificate[];
  readonly at?: number;
}

function judge(
  lists: readonly CertificateList[],
  { certificate = leaf, pool = [ca], at = testTime, ...more }: Given = {},
): string {
  const judgement = judgePath({
    leaf: certificate.certificate,
    intermediates: pool.map((each) => each.certificate),
    anchors: [trustAnchor(root.certificate)],
    at,
    revocation: { crls: lists, failure: 'hard', ...more },
  });
  return judgement.valid ? 'valid' : judgement.refusal.code;
}

const byCa = (content: Omit<ListContent, 'issuer'> = {}): CertificateList => testList({ issuer: ca, ...content });

describe('status by CRL (RFC 5280 6.3)', () => {
  it('accepts what no CRL lists, and refuses what one does', () => {
    expect(judge([fine, byCa()])).toBe('valid');
    expect(judge([fine, byCa({ entries: [{ serial, reason: 1 }] })])).toBe('revoked');
    expect(judge([testList({ issuer: root, entries: [{ serial: ca.certificate.serialNumberBytes }] }), byCa()])).toBe(
      'revoked',
    );
  });

  it('tells when and why, and until when the verdict holds', () => {
    const judgeFully = (lists: readonly CertificateList[]) =>
      judgePath({
        leaf: leaf.certificate,
        intermediates: [ca.certificate],
        anchors: [trustAnchor(root.certificate)],
        at: testTime,
        revocation: { crls: lists, failure: 'hard' },
      });
    expect(judgeFully([fine, byCa({ entries: [{ serial, reason: 1, at: testTime - day }] })])).toMatchObject({
      refusal: { values: { reason: 'keyCompromise', revokedAt: new Date(testTime - day).toISOString() } },
    });
    expect(judgeFully([fine, byCa({ nextUpdate: testTime + 1000 })])).toMatchObject({
      valid: true,
      validUntil: testTime + 1000,
    });
  });

  it('refuses an undetermined status where failure is hard, and not where it is soft', () => {
    expect(judge([])).toBe('revocation-undetermined');
    expect(judge([byCa()])).toBe('revocation-undetermined');
    expect(judge([fine])).toBe('revocation-undetermined');
    expect(judge([], { failure: 'soft' })).toBe('valid');
    expect(judge([byCa({ entries: [{ serial }] })], { failure: 'soft' })).toBe('revoked');
    expect(judge([byCa()], { scope: 'leaf' })).toBe('valid');
  });

  it('minds freshness', () => {
    expect(judge([fine, byCa({ nextUpdate: testTime - 1000 })])).toBe('revocation-undetermined');
    expect(judge([fine, byCa({ nextUpdate: testTime })])).toBe('valid');
    expect(judge([fine, byCa({ thisUpdate: testTime + 1000 })])).toBe('revocation-undetermined');
    expect(judge([fine, byCa({ thisUpdate: testTime + 1000 })], { clockSkew: 1000 })).toBe('valid');
    expect(judge([fine, byCa({ nextUpdate: null })])).toBe('valid');
    expect(judge([fine, byCa({ thisUpdate: testTime - 2 * day, nextUpdate: null })], { maximumAge: day })).toBe(
      'revocation-undetermined',
    );
  });

  it('goes by the newest CRL', () => {
    const held = byCa({ thisUpdate: testTime - 2 * day, number: 1, entries: [{ serial, reason: 6 }] });
    const lifted = byCa({ thisUpdate: testTime - day, number: 2 });
    expect(judge([fine, held])).toBe('revoked');
    expect(judge([fine, held, lifted])).toBe('valid');
    expect(judge([fine, lifted, held])).toBe('valid');
  });

  it('keeps to the scope of issuingDistributionPoint', () => {
    expect(judge([fine, byCa({ extensions: [idp(flag(1))] })])).toBe('valid');
    expect(judge([fine, byCa({ extensions: [idp(flag(2))] })])).toBe('revocation-undetermined');
    expect(judge([fine, byCa({ extensions: [idp(flag(5))] })])).toBe('revocation-undetermined');
    expect(judge([testList({ issuer: root, extensions: [idp(flag(1))] }), byCa()])).toBe('revocation-undetermined');
    expect(judge([testList({ issuer: root, extensions: [idp(flag(2))] }), byCa()])).toBe('valid');
  });

  it('matches the distribution point of the certificate', () => {
    const pointed = makeCertificate({
      subject: 'CN=leaf',
      issuer: ca,
      extensions: [crlDp([point('uri:http://a.example/1')])],
    });
    const list = (uri: string): CertificateList => byCa({ extensions: [idp(point(uri))] });
    expect(judge([fine, list('uri:http://a.example/1')], { certificate: pointed })).toBe('valid');
    expect(judge([fine, list('uri:http://a.example/2')], { certificate: pointed })).toBe('revocation-undetermined');
    expect(judge([fine, list('uri:http://a.example/1')])).toBe('revocation-undetermined');
    expect(judge([fine, byCa()], { certificate: pointed })).toBe('valid');
  });

  it('wants every reason covered', () => {
    const some = byCa({ extensions: [idp(reasons(3, [1, 2]))] });
    const others = byCa({ extensions: [idp(reasons(3, [3, 4, 5, 6, 7, 8]))] });
    expect(judge([fine, some])).toBe('revocation-undetermined');
    expect(judge([fine, some, others])).toBe('valid');
  });

  it('reads an indirect CRL: entries belong to the issuer named last', () => {
    const crlIssuer = makeCertificate({ subject: 'CN=CRL issuer', issuer: root, keyUsage: [6] });
    const named = makeCertificate({
      subject: 'CN=leaf',
      issuer: ca,
      extensions: [crlDp([tagged(2, generalName('dir:CN=CRL issuer'))])],
    });
    const own = named.certificate.serialNumberBytes;
    const certificateIssuer = (name: string) => ({
      oid: '2.5.29.29',
      critical: true,
      value: sequence(generalName(`dir:${name}`)),
    });
    const indirect = (entries: ListContent['entries'] & object): CertificateList =>
      testList({ issuer: crlIssuer, extensions: [idp(flag(4))], entries });
    const other = { serial: Uint8Array.of(1), extensions: [certificateIssuer('CN=Other')] };
    const given = { certificate: named, pool: [ca, crlIssuer] };
    const status = (entries: ListContent['entries'] & object): string => judge([fine, indirect(entries)], given);
    expect(status([other])).toBe('valid');
    expect(status([other, { serial: own }])).toBe('valid');
    expect(status([other, { serial: own, extensions: [certificateIssuer('CN=CA')] }])).toBe('revoked');
    expect(status([{ serial: Uint8Array.of(1), extensions: [certificateIssuer('CN=CA')] }, { serial: own }])).toBe(
      'revoked',
    );
    expect(judge([fine, testList({ issuer: crlIssuer })], given)).toBe('revocation-undetermined');
  });

  it('applies a delta CRL that fits, and no other', () => {
    const base = byCa({ number: 5, thisUpdate: testTime - 2 * day });
    const held = byCa({ number: 5, thisUpdate: testTime - 2 * day, entries: [{ serial, reason: 6 }] });
    const delta = (content: Omit<ListContent, 'issuer'>): CertificateList => byCa({ number: 7, base: 5, ...content });
    expect(judge([fine, base, delta({ entries: [{ serial, reason: 1 }] })])).toBe('revoked');
    expect(judge([fine, held, delta({ entries: [{ serial, reason: 8 }] })])).toBe('valid');
    expect(judge([fine, base, delta({ base: 6, entries: [{ serial }] })])).toBe('valid');
    expect(judge([fine, base, delta({ number: 5, entries: [{ serial }] })])).toBe('valid');
    expect(judge([fine, delta({})])).toBe('revocation-undetermined');
    const old = byCa({ number: 5, thisUpdate: testTime - 9 * day, nextUpdate: testTime - day });
    expect(judge([fine, old])).toBe('revocation-undetermined');
    expect(judge([fine, old, delta({})])).toBe('valid');
    expect(judge([fine, old, delta({ base: 6 })])).toBe('revocation-undetermined');
  });

  it('does not use a CRL with a critical extension it does not know', () => {
    const unknown = { oid: '1.2.3.4', critical: true, value: Uint8Array.of(5, 0) };
    expect(judge([fine, byCa({ extensions: [unknown] })])).toBe('revocation-undetermined');
    expect(judge([fine, byCa({ entries: [{ serial: Uint8Array.of(1), extensions: [unknown] }] })])).toBe(
      'revocation-undetermined',
    );
    expect(judge([fine, byCa({ extensions: [{ ...unknown, critical: false }] })])).toBe('valid');
  });
});

describe('attack 24: the same serial number in the CRL of another CA', () => {
  it('revokes nothing', () => {
    const other = makeCertificate({ subject: 'CN=Other', issuer: root, ca: true });
    const list = testList({ issuer: other, entries: [{ serial }] });
    expect(judge([fine, byCa(), list], { pool: [ca, other] })).toBe('valid');
    expect(judge([fine, list], { pool: [ca, other] })).toBe('revocation-undetermined');
  });

  it('compares the whole number, not its value or its end', () => {
    const numbers = [
      Uint8Array.of(...serial, 0),
      Uint8Array.of(1, ...serial),
      serial.subarray(0, -1),
      serial.subarray(1),
    ].map((each) => ((each[0] as number) >= 0x80 ? Uint8Array.of(0, ...each) : each));
    expect(judge([fine, byCa({ entries: numbers.map((each) => ({ serial: each })) })])).toBe('valid');
  });
});

describe('attack 25: a CRL signed by somebody who may not', () => {
  const forged = (content: Omit<ListContent, 'issuer'>): string => judge([fine, byCa(content)]);

  it('is ignored when the signature is not by the issuer’s key', () => {
    expect(forged({ signingKey: testKey('P-256', 'forger') })).toBe('revocation-undetermined');
    expect(
      judge([
        fine,
        byCa(),
        byCa({ signingKey: testKey('P-256', 'forger'), thisUpdate: testTime - 1000, entries: [{ serial }] }),
      ]),
    ).toBe('valid');
  });

  it('is ignored when the issuer lacks cRLSign', () => {
    const mute = makeCertificate({ subject: 'CN=Mute', issuer: root, ca: true, keyUsage: [5] });
    const below = makeCertificate({ subject: 'CN=leaf', issuer: mute });
    expect(judge([fine, testList({ issuer: mute })], { certificate: below, pool: [mute] })).toBe(
      'revocation-undetermined',
    );
  });

  it('is ignored when its signer has the name but no path to the same anchor', () => {
    const impostor = makeCertificate({ subject: 'CN=CA', ca: true, key: testKey('P-256', 'impostor') });
    expect(judge([fine, testList({ issuer: impostor })], { pool: [ca, impostor] })).toBe('revocation-undetermined');
  });

  it('is ignored when its signer’s certificate is revoked', () => {
    const signer = makeCertificate({
      subject: 'CN=CA',
      issuer: root,
      keyUsage: [6],
      key: testKey('P-256', 'crl signer'),
    });
    const list = testList({ issuer: signer });
    expect(judge([fine, list], { pool: [ca, signer] })).toBe('valid');
    expect(
      judge([testList({ issuer: root, entries: [{ serial: signer.certificate.serialNumberBytes }] }), list], {
        pool: [ca, signer],
      }),
    ).toBe('revocation-undetermined');
  });

  it('is ignored when it is signed with SHA-1', () => {
    expect(forged({ hash: 'sha1' })).toBe('revocation-undetermined');
  });

  it('is reported', () => {
    const judgement = judgePath({
      leaf: leaf.certificate,
      intermediates: [ca.certificate],
      anchors: [trustAnchor(root.certificate)],
      at: testTime,
      revocation: { crls: [fine, byCa({ signingKey: testKey('P-256', 'forger') })], failure: 'soft' },
    });
    expect(judgement.remarks.join()).toMatch(/CRL of "CN=CA".*signature does not match/);
  });
});

describe('parseCertificateList', () => {
  it.each([
    ['trailing bytes', Uint8Array.of(...makeCertificateList({ issuer: ca }), 0)],
    ['a truncated list', makeCertificateList({ issuer: ca }).subarray(0, -1)],
    [
      'a list confined to two kinds of certificates',
      makeCertificateList({ issuer: ca, extensions: [idp(flag(1), flag(2))] }),
    ],
    ['an empty issuingDistributionPoint', makeCertificateList({ issuer: ca, extensions: [idp()] })],
    ['a reason that does not exist', makeCertificateList({ issuer: ca, entries: [{ serial, reason: 7 }] })],
    [
      'an extension twice',
      makeCertificateList({ issuer: ca, extensions: [{ oid: '2.5.29.20', value: Uint8Array.of(2, 1, 1) }] }),
    ],
    [
      'an entry extension twice',
      makeCertificateList({
        issuer: ca,
        entries: [
          { serial, reason: 1, extensions: [{ oid: '2.5.29.21', value: encode(new asn1js.Enumerated({ value: 1 })) }] },
        ],
      }),
    ],
  ])('refuses %s', (_what, der) => {
    expect(() => parseCertificateList(der)).toThrow(MalformedCertificateList);
  });

  it('finds every entry of a long list, and nothing else', () => {
    const numbers = Array.from({ length: 5000 }, (_, index) => Uint8Array.of(1, index >> 8, index & 0xff));
    const { revoked } = byCa({
      entries: numbers.map((each, index) => ({ serial: each, ...(index % 3 === 0 && { reason: 4 }) })),
    });
    expect(revoked.size).toBe(5000);
    const key = ca.certificate.subjectKey;
    numbers.forEach((each, index) =>
      expect(revoked.find(key, each)?.reason).toBe(index % 3 === 0 ? 'superseded' : 'unspecified'),
    );
    for (let index = 5000; index < 6000; index++)
      expect(revoked.find(key, Uint8Array.of(1, index >> 8, index & 0xff))).toBeUndefined();
    expect(revoked.find('(2.5.4.3=5:other)', numbers[0] as Uint8Array)).toBeUndefined();
  });

  it('lets others run while it reads a long list', async () => {
    const entries = Array.from({ length: 8500 }, (_, index) => ({
      serial: Uint8Array.of(1, index >> 8, index & 0xff),
    }));
    const der = makeCertificateList({ issuer: ca, entries });
    let othersRan = false;
    setImmediate(() => (othersRan = true));
    const done = await parseLongCertificateList(der).then((parsed) => ({ parsed, othersRan }));
    expect(done.parsed.revoked.size).toBe(8500);
    expect(done.othersRan).toBe(true);
    await expect(parseLongCertificateList(der.subarray(0, -1))).rejects.toThrow(MalformedCertificateList);
  }, 30_000);
});
