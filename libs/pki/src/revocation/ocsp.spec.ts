import { describe, expect, it } from '@jest/globals';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { judgePath } from '../path/judge-path.js';
import { trustAnchor } from '../path/trust-anchor.js';
import {
  makeCertificate,
  testKey,
  testTime,
  type CertificateContent,
  type TestCertificate,
} from '../testing/make-certificate.js';
import { testList } from '../testing/make-certificate-list.js';
import { makeOcspResponse, type OcspContent } from '../testing/make-ocsp-response.js';
import { buildOcspRequest } from './build-ocsp-request.js';
import { judgeOcspResponse, type OcspInput } from './judge-ocsp-response.js';
import { MalformedOcspResponse, OcspResponderRefusal, parseOcspResponse } from './parse-ocsp-response.js';

const day = 86_400_000;
const root = makeCertificate({ subject: 'CN=Root', ca: true });
const ca = makeCertificate({ subject: 'CN=CA', issuer: root, ca: true });
const leaf = makeCertificate({ subject: 'CN=leaf', issuer: ca });
const noCheck = { oid: '1.3.6.1.5.5.7.48.1.5', value: Uint8Array.of(5, 0) };
const makeResponder = (content: Partial<CertificateContent> = {}): TestCertificate =>
  makeCertificate({
    subject: 'CN=Responder',
    issuer: ca,
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.9'],
    extensions: [noCheck],
    ...content,
  });

function status(content: Partial<OcspContent> = {}, more: Partial<OcspInput> = {}): string {
  const answer = parseOcspResponse(makeOcspResponse({ certificate: leaf, issuer: ca, ...content }));
  return judgeOcspResponse({ answer, certificate: leaf.certificate, issuer: ca.certificate, at: testTime, ...more })
    .status;
}
const byResponder = (
  responder: TestCertificate,
  content: Partial<OcspContent> = {},
  more: Partial<OcspInput> = {},
): string => status({ responder, certificates: [responder], ...content }, more);

describe('judgeOcspResponse (RFC 6960)', () => {
  it('believes the issuer itself, by name and by key, whatever hash names the certificate', () => {
    expect(status()).toBe('good');
    expect(status({ byKey: true, idHash: 'sha256' })).toBe('good');
    expect(status({ status: 'revoked' })).toBe('revoked');
    expect(status({ status: 'unknown' })).toBe('undetermined');
  });

  it('believes a responder that the issuer delegated to', () => {
    expect(byResponder(makeResponder())).toBe('good');
    expect(byResponder(makeResponder(), { status: 'revoked' })).toBe('revoked');
  });

  it('minds freshness', () => {
    expect(status({ nextUpdate: testTime - 1000 })).toBe('undetermined');
    expect(status({ thisUpdate: testTime + 1000 })).toBe('undetermined');
    expect(status({ thisUpdate: testTime + 1000 }, { clockSkew: 1000 })).toBe('good');
    expect(status({ nextUpdate: null })).toBe('good');
    expect(status({ nextUpdate: null, thisUpdate: testTime - 2 * 3_600_000 })).toBe('undetermined');
    expect(status({ thisUpdate: testTime - 2 * day }, { maximumAge: day })).toBe('undetermined');
  });

  it('wants the nonce that was sent (RFC 9654)', () => {
    const nonce = Uint8Array.from({ length: 32 }, (_, index) => index);
    expect(status({ nonce }, { nonce })).toBe('good');
    expect(status({ nonce: nonce.toReversed() }, { nonce })).toBe('undetermined');
    expect(status({}, { nonce })).toBe('undetermined');
    expect(status({ nonce })).toBe('good');
  });

  it('does not use an answer for another certificate, or with an unknown critical extension', () => {
    expect(status({ serial: Uint8Array.of(1) })).toBe('undetermined');
    expect(status({ extensions: [{ oid: '1.2.3', critical: true, value: Uint8Array.of(5, 0) }] })).toBe('undetermined');
  });
});

describe('attack 25: an OCSP answer signed by somebody who may not', () => {
  it('attack 25: is not believed with a forged signature', () => {
    expect(status({ signingKey: testKey('P-256', 'forger') })).toBe('undetermined');
    expect(byResponder(makeResponder(), { signingKey: testKey('P-256', 'forger') })).toBe('undetermined');
  });

  it.each<[string, Partial<CertificateContent>]>([
    ['without the extended key usage OCSPSigning', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'] }],
    ['with any usage instead of it', { extendedKeyUsage: ['2.5.29.37.0'] }],
    ['issued by the issuer’s issuer', { issuer: root }],
    ['that signed its certificate itself', { signingKey: testKey('P-256', 'forger') }],
    ['whose certificate expired', { notAfter: testTime - 1000 }],
    ['whose key may not sign', { keyUsage: [2] }],
    [
      'with an unknown critical extension',
      { extensions: [noCheck, { oid: '1.2.3', critical: true, value: Uint8Array.of(5, 0) }] },
    ],
    ['whose own status nobody knows', { extensions: [] }],
    ['with a short key', { keyKind: 'rsa-1024' }],
  ])('attack 25: does not believe a responder %s', (_what, content) => {
    expect(byResponder(makeResponder(content))).toBe('undetermined');
  });

  it('attack 25: does not believe another customer of the same CA', () => {
    const other = makeCertificate({ subject: 'CN=other', issuer: ca });
    expect(byResponder(other)).toBe('undetermined');
  });

  it('believes a responder without nocheck whose status is known to be good', () => {
    const responder = makeResponder({ extensions: [] });
    const known = (result: 'good' | 'revoked') => ({
      statusOfResponder: () =>
        result === 'good'
          ? ({ status: 'good', validUntil: testTime, remarks: [] } as const)
          : ({ status: 'revoked', revokedAt: 0, reason: 'keyCompromise', remarks: [] } as const),
    });
    expect(byResponder(responder, {}, known('good'))).toBe('good');
    expect(byResponder(responder, {}, known('revoked'))).toBe('undetermined');
  });
});

describe('OCSP on a path', () => {
  const outcome = (content: Partial<OcspContent>, crls = [testList({ issuer: root })]): string => {
    const answer = parseOcspResponse(makeOcspResponse({ certificate: leaf, issuer: ca, ...content }));
    const judgement = judgePath({
      leaf: leaf.certificate,
      intermediates: [ca.certificate],
      anchors: [trustAnchor(root.certificate)],
      at: testTime,
      revocation: { crls, ocspAnswers: [answer], failure: 'hard' },
    });
    return judgement.valid ? `valid until ${judgement.validUntil - testTime}` : judgement.refusal.code;
  };

  it('establishes the status of the certificate it names', () => {
    expect(outcome({ nextUpdate: testTime + 5000 })).toBe('valid until 5000');
    expect(outcome({ status: 'revoked' })).toBe('revoked');
    expect(outcome({ nextUpdate: testTime - 5000 })).toBe('revocation-undetermined');
    expect(outcome({}, [])).toBe('revocation-undetermined');
  });

  it('does not outweigh a CRL that says revoked', () => {
    const list = testList({ issuer: ca, entries: [{ serial: leaf.certificate.serialNumberBytes }] });
    expect(outcome({}, [testList({ issuer: root }), list])).toBe('revoked');
  });
});

describe('parseOcspResponse', () => {
  const der = makeOcspResponse({ certificate: leaf, issuer: ca });

  it('tells a responder’s refusal from an answer', () => {
    expect(() => parseOcspResponse(Uint8Array.of(0x30, 3, 0x0a, 1, 3))).toThrow(OcspResponderRefusal);
    expect(() => parseOcspResponse(Uint8Array.of(0x30, 3, 0x0a, 1, 3))).toThrow(/tryLater/);
    expect(() => parseOcspResponse(Uint8Array.of(0x30, 3, 0x0a, 1, 4))).toThrow(MalformedOcspResponse);
  });

  it('refuses what is no strict DER', () => {
    expect(() => parseOcspResponse(Uint8Array.of(...der, 0))).toThrow(MalformedOcspResponse);
    expect(() => parseOcspResponse(der.subarray(0, -1))).toThrow(MalformedOcspResponse);
  });

  it('reads what PKI.js reads', () => {
    const other = pkijs.OCSPResponse.fromBER(new Uint8Array(der).buffer);
    const basic = pkijs.BasicOCSPResponse.fromBER(
      other.responseBytes?.response.valueBlock.valueHexView as Uint8Array<ArrayBuffer>,
    );
    expect(parseOcspResponse(der).tbs).toEqual(new Uint8Array(basic.tbsResponseData.tbsView));
    expect(parseOcspResponse(der).producedAt).toBe(basic.tbsResponseData.producedAt.getTime());
  });
});

describe('buildOcspRequest', () => {
  it('is read by PKI.js as a request for that certificate with that nonce', () => {
    const nonce = new Uint8Array(32).fill(7);
    for (const hash of ['sha1', 'sha256'] as const) {
      const request = pkijs.OCSPRequest.fromBER(
        new Uint8Array(buildOcspRequest({ certificate: leaf.certificate, issuer: ca.certificate, nonce, hash })).buffer,
      );
      const [single] = request.tbsRequest.requestList;
      expect(new Uint8Array(single?.reqCert.serialNumber.valueBlock.valueHexView as Uint8Array)).toEqual(
        new Uint8Array(leaf.certificate.serialNumberBytes),
      );
      expect(single?.reqCert.hashAlgorithm.algorithmId).toBe(
        hash === 'sha1' ? '1.3.14.3.2.26' : '2.16.840.1.101.3.4.2.1',
      );
      const [extension] = request.tbsRequest.requestExtensions ?? [];
      expect(extension?.extnID).toBe('1.3.6.1.5.5.7.48.1.2');
      expect(
        new Uint8Array(
          (
            asn1js.fromBER(extension?.extnValue.valueBlock.valueHexView as Uint8Array<ArrayBuffer>)
              .result as asn1js.OctetString
          ).valueBlock.valueHexView,
        ),
      ).toEqual(nonce);
    }
  });

  it('refuses a nonce that RFC 9654 forbids', () => {
    for (const length of [0, 129])
      expect(() =>
        buildOcspRequest({ certificate: leaf.certificate, issuer: ca.certificate, nonce: new Uint8Array(length) }),
      ).toThrow(RangeError);
  });
});
