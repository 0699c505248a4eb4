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
    ['PSS with another trailer', pss(wrap('a0', sha256), mgf1(sha256), 'a203020120', 'a303020102')],
  ])('refuses %s', (_what, hex) => {
    expect(() => decodeSignatureAlgorithm(bytes(hex))).toThrow(MalformedDer);
  });
});

describe('decodePublicKeyInfo', () => {
  const spki = (type: 'rsa' | 'ec' | 'ed25519', options: object): Uint8Array => {
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
});
