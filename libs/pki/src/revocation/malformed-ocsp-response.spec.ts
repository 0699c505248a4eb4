import { describe, expect, it } from '@jest/globals';
import { bytesOf, hexElement, hexOf, hexSequence, hexText } from '../testing/hex.js';
import { makeCertificate } from '../testing/make-certificate.js';
import { MalformedOcspResponse, OcspResponderRefusal, parseOcspResponse } from './parse-ocsp-response.js';

const ecdsa = '300a06082a8648ce3d040302';
const time = hexText('18', '20260615120000Z');
const responder = hexElement('a2', hexElement('04', '11'.repeat(20)));
const certificateId = (hash = '300906052b0e03021a0500'): string =>
  hexSequence(hash, hexElement('04', '22'.repeat(20)), hexElement('04', '33'.repeat(20)), '020105');
const single = (status = '8000', ...more: string[]): string => hexSequence(certificateId(), status, time, ...more);
const data = (...singles: string[]): string => hexSequence(responder, time, hexSequence(...singles));
/** A response of this data. It is read before anybody looks at its signature, which is none. */
const response = (tbs: string, certificates = '', type = '06092b0601050507300101'): Uint8Array =>
  bytesOf(
    hexSequence(
      '0a0100',
      hexElement('a0', hexSequence(type, hexElement('04', hexSequence(tbs, ecdsa, '030100', certificates)))),
    ),
  );
const certificate = hexOf(makeCertificate({ subject: 'CN=a', ca: true }).der);
const sentAlong = (...list: string[]): string => hexElement('a0', hexSequence(...list));
const extensions = (oid: string, value: string, ...critical: string[]): string =>
  hexElement('a1', hexSequence(hexSequence(hexElement('06', oid), ...critical, hexElement('04', value))));

describe('attack 22: an OCSP response that breaks RFC 6960 4.2.1', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['another type than basic', response(data(single()), '', '06022a03'), /not id-pkix-ocsp-basic/],
    ['a version, which is the default', response(hexSequence('a003020100', responder, time, '3000')), /default/],
    ['17 certificates', response(data(single()), sentAlong(...Array<string>(17).fill(certificate))), /more than 16/],
    ['a good status that says more', response(data(single('800100'))), /NULL with content/],
    ['a status there is not', response(data(single('8300'))), /certStatus/],
    ['a revocation without a time', response(data(single('a100'))), /revocationTime/],
    [
      'a reason there is not',
      response(data(single(hexElement('a1', time, hexElement('a0', '0a0107'))))),
      /revocationReason is none of RFC 5280/,
    ],
    [
      'something behind a revocation',
      response(data(single(hexElement('a1', time, hexElement('a0', '0a0101'), '0500')))),
      /certStatus/,
    ],
    ['something behind nextUpdate', response(data(single('8000', hexElement('a0', time, time)))), /nextUpdate/],
    ['a responder of no kind', response(hexSequence(hexElement('a3', '0500'), time, '3000')), /responderID/],
    [
      'a nonce that is no OCTET STRING',
      response(hexSequence(responder, time, hexSequence(single()), extensions('2b0601050507300102', '020101'))),
      /the nonce/,
    ],
  ])('is refused: %s', (_what, der, problem) => {
    expect(() => parseOcspResponse(der)).toThrow(MalformedOcspResponse);
    expect(() => parseOcspResponse(der)).toThrow(problem);
  });

  it.each([
    ['malformedRequest', 1],
    ['internalError', 2],
    ['tryLater', 3],
    ['sigRequired', 5],
    ['unauthorized', 6],
  ])('is told from one that says %s', (status, code) => {
    const refusal = () => parseOcspResponse(Uint8Array.of(0x30, 3, 0x0a, 1, code));
    expect(refusal).toThrow(OcspResponderRefusal);
    expect(refusal).toThrow(status);
  });
});

describe('an OCSP response', () => {
  it('is read though a certificate sent along is none, which is then no help', () => {
    const read = parseOcspResponse(response(data(single()), sentAlong('30030201ff', certificate)));
    expect(read.certificates.map(({ der }) => hexOf(der))).toEqual([certificate]);
  });

  it('tells each of its answers, with an unknown critical extension of any of them', () => {
    const revoked = hexElement('a1', time);
    const critical = extensions('2a03', '0500', '0101ff');
    const read = parseOcspResponse(response(data(single(), single(revoked, critical))));
    expect(read.answers.map(({ status }) => status)).toEqual([
      { kind: 'good' },
      { kind: 'revoked', revokedAt: Date.UTC(2026, 5, 15, 12), reason: 'unspecified' },
    ]);
    expect(read.unknownCriticalExtension).toBe('1.2.3');
  });

  it('speaks of no certificate here when it names one by a hash that is not known', () => {
    const other = hexSequence(certificateId('300406022a03'), '8000', time);
    expect(parseOcspResponse(response(data(other))).answers[0]?.id.hash).toBeUndefined();
    const md5 = hexSequence(certificateId('300c06082a864886f70d02050500'), '8000', time);
    expect(parseOcspResponse(response(data(md5))).answers[0]?.id.hash).toBeUndefined();
  });
});
