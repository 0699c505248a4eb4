import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { MalformedDer } from '../der/der-reader.js';
import { defaultAlgorithmPolicy, judgePublicKey, judgeSignatureAlgorithm } from './algorithm-policy.js';
import { decodePublicKeyInfo } from './public-key-info.js';
import { decodeSignatureAlgorithm } from './signature-algorithm.js';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replace(/ /g, ''), 'hex'));
const objectionTo = (hex: string): string | undefined =>
  judgeSignatureAlgorithm(decodeSignatureAlgorithm(bytes(hex)), defaultAlgorithmPolicy)?.code;

const sha1 = '300906052b0e03021a0500';
const sha256 = '300d06096086480165030402010500';
const wrap = (tag: string, ...parts: string[]): string => {
  const content = parts.join('');
  return tag + (content.length / 2).toString(16).padStart(2, '0') + content;
};
const pss = (...fields: string[]): string => wrap('30', '06092a864886f70d01010a', wrap('30', ...fields));
const mgf1 = (hash: string): string => wrap('a1', wrap('30', '06092a864886f70d010108', hash));

describe('decodeSignatureAlgorithm', () => {
  it.each([
    ['RSA with SHA-256', '300d06092a864886f70d01010b0500', undefined],
    ['RSA with SHA-256 without its NULL', '300b06092a864886f70d01010b', undefined],
    ['RSA with SHA-1', '300d06092a864886f70d0101050500', 'weak-signature-algorithm'],
    ['RSA with MD5', '300d06092a864886f70d0101040500', 'weak-signature-algorithm'],
    ['ECDSA with SHA-384', '300a06082a8648ce3d040303', undefined],
    ['Ed25519', '300506032b6570', undefined],
    ['Ed448', '300506032b6571', 'unsupported-signature-algorithm'],
    ['DSA with SHA-256', '300b0609608648016503040302', 'unsupported-signature-algorithm'],
    ['RSA with SHA3-256', '300d060960864801650304030e0500', 'unsupported-signature-algorithm'],
    ['something unknown', '300406022a03', 'unsupported-signature-algorithm'],
    ['PSS with SHA-256', pss(wrap('a0', sha256), mgf1(sha256), 'a203020120'), undefined],
    ['PSS with all its defaults, which are SHA-1', pss(), 'weak-signature-algorithm'],
    ['PSS with the trailer written out', pss(wrap('a0', sha256), mgf1(sha256), 'a203020120', 'a303020101'), undefined],
    [
      'PSS with a hash nobody knows',
      pss(wrap('a0', '300406022a03'), mgf1(sha256), 'a203020120'),
      'unsupported-signature-algorithm',
    ],
    [
      'PSS with a salt longer than any key',
      pss(wrap('a0', sha256), mgf1(sha256), 'a20402020801'),
      'unsupported-signature-algorithm',
    ],
    [
      'something unknown with long parameters',
      wrap('30', '06022a03', wrap('04', '00'.repeat(100))),
      'unsupported-signature-algorithm',
    ],
    [
      'PSS with SHA-256 and a mask of SHA-1',
      pss(wrap('a0', sha256), mgf1(sha1), 'a203020120'),
      'unsupported-signature-algorithm',
    ],
  ])('judges %s', (_what, hex, code) => {
    expect(objectionTo(hex)).toBe(code);
  });

  it.each([
    ['ECDSA with parameters', '300c06082a8648ce3d0403020500'],
    ['Ed25519 with parameters', '300706032b65700500'],
    ['RSA with other parameters than NULL', '300e06092a864886f70d01010b020101'],
    ['PSS without parameters', '300b06092a864886f70d01010a'],
    ['PSS with another mask generation than MGF1', pss(wrap('a0', sha256), wrap('a1', wrap('30', '06022a03', sha256)))],
    ['PSS with a hash whose parameters are no NULL', pss(wrap('a0', '300e0609608648016503040201020100'))],
    ['PSS with another trailer', pss(wrap('a0', sha256), mgf1(sha256), 'a203020120', 'a303020102')],
  ])('refuses %s', (_what, hex) => {
    expect(() => decodeSignatureAlgorithm(bytes(hex))).toThrow(MalformedDer);
  });
});

describe('decodePublicKeyInfo', () => {
  const spki = (type: 'rsa' | 'rsa-pss' | 'ec' | 'ed25519', options: object): Uint8Array => {
    const { publicKey } = (
      generateKeyPairSync as (type: string, options: object) => { publicKey: { export(options: object): Buffer } }
    )(type, options);
    return new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  };

  it('tells kind and size', () => {
    expect(decodePublicKeyInfo(spki('rsa', { modulusLength: 2048 }))).toMatchObject({
      kind: 'rsa',
      bits: 2048,
      exponentBits: 17,
      sound: true,
    });
    expect(decodePublicKeyInfo(spki('ec', { namedCurve: 'P-384' }))).toMatchObject({ kind: 'ec', curve: 'P-384' });
    expect(decodePublicKeyInfo(spki('ed25519', {}))).toMatchObject({ kind: 'ed25519' });
  });

  it('refuses a curve written out in parameters (CVE-2020-0601)', () => {
    const explicitCurve = decodePublicKeyInfo(spki('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }));
    expect(judgePublicKey(explicitCurve, defaultAlgorithmPolicy)?.code).toBe('unsupported-key');
  });

  it('refuses a point that does not fit its curve', () => {
    const info = spki('ec', { namedCurve: 'P-256' });
    info[26] = 0x05;
    expect(() => decodePublicKeyInfo(info)).toThrow(MalformedDer);
  });

  const keyOf = (algorithm: string, key: string): string => wrap('30', algorithm, wrap('03', '00', key));
  const rsa = '300d06092a864886f70d0101010500';
  const p256 = '301306072a8648ce3d020106082a8648ce3d030107';
  const modulus = wrap('02', '00', 'c1'.repeat(32));

  it.each<[string, string, object]>([
    [
      'RSASSA-PSS',
      keyOf('300b06092a864886f70d01010a', wrap('30', modulus, '0203010001')),
      { kind: 'rsa-pss', bits: 256 },
    ],
    ['DSA', keyOf('300906072a8648ce380401', '020101'), { kind: 'unknown', name: 'DSA key' }],
    ['an algorithm nobody knows', keyOf('300406022a03', '00'), { kind: 'unknown', name: 'key of algorithm 1.2.3' }],
    ['a curve nobody knows', keyOf('300d06072a8648ce3d020106022a03', '04'), { kind: 'ec', curve: '1.2.3' }],
    ['a compressed point', keyOf(p256, `02${'11'.repeat(32)}`), { kind: 'ec', curve: 'P-256' }],
    ['Ed448', keyOf('300506032b6571', '11'.repeat(57)), { kind: 'ed448' }],
    ['an even modulus', keyOf(rsa, wrap('30', wrap('02', '40'), '0203010001')), { kind: 'rsa', sound: false }],
    ['an even exponent', keyOf(rsa, wrap('30', modulus, '020102')), { kind: 'rsa', sound: false }],
    ['the exponent 1', keyOf(rsa, wrap('30', modulus, '020101')), { kind: 'rsa', sound: false }],
  ])('reads a key of %s', (_what, hex, info) => {
    expect(decodePublicKeyInfo(bytes(hex))).toMatchObject(info);
  });

  it.each([
    ['an RSA key with a negative modulus', keyOf(rsa, wrap('30', wrap('02', 'c1'), '0203010001'))],
    ['an RSA key with a negative exponent', keyOf(rsa, wrap('30', modulus, '0201ff'))],
    ['an RSA key without its NULL', keyOf('300b06092a864886f70d010101', wrap('30', modulus, '0203010001'))],
    ['an RSA key whose NULL has content', keyOf('300e06092a864886f70d010101050100', wrap('30', modulus, '0203010001'))],
    ['an Ed25519 key of 31 octets', keyOf('300506032b6570', '11'.repeat(31))],
    ['an Ed448 key of 32 octets', keyOf('300506032b6571', '11'.repeat(32))],
    ['a compressed point that is too long', keyOf(p256, `03${'11'.repeat(33)}`)],
    ['the point at infinity', keyOf(p256, '00')],
    ['a key of some bits', wrap('30', p256, wrap('03', '01', '04'))],
  ])('refuses %s', (_what, hex) => {
    expect(() => decodePublicKeyInfo(bytes(hex))).toThrow(MalformedDer);
  });

  it('takes an RSASSA-PSS key only where the policy has PSS', () => {
    const key = decodePublicKeyInfo(spki('rsa-pss', { modulusLength: 2048 }));
    expect(judgePublicKey(key, defaultAlgorithmPolicy)).toBeUndefined();
    expect(judgePublicKey(key, { ...defaultAlgorithmPolicy, rsaPss: false })?.code).toBe('unsupported-key');
  });
});
