import { describe, expect, it } from '@jest/globals';
import { testKey, testRequest, type TestKey } from '@sluice/testing';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { explicit } from '../der/der-reader.js';
import { element, encodeSmallInteger, sequence } from '../der/write-der.js';
import { signingAlgorithmOf, signStructure } from '../issue/sign-structure.js';
import { MalformedPem } from '../pem/decode-pem.js';
import { encodePem } from '../pem/encode-pem.js';
import { judgeCertificationRequest } from './judge-certification-request.js';
import {
  decodeCertificationRequestPem,
  MalformedCertificationRequest,
  parseCertificationRequest,
} from './parse-certification-request.js';

const judge = (der: Uint8Array) => judgeCertificationRequest(parseCertificationRequest(der))?.code;

/** A request for any key that node can make, with an empty subject and no attributes. */
function bareRequest(
  privateKey: KeyObject,
  publicKey: Uint8Array | KeyObject = createPublicKey(privateKey),
): Uint8Array {
  const spki =
    publicKey instanceof Uint8Array ? publicKey : new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  const info = sequence(encodeSmallInteger(0), sequence(), spki, element(explicit(0)));
  return signStructure(info, signingAlgorithmOf(privateKey), privateKey);
}

const rsa = (modulusLength: number, publicExponent = 0x10001) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent }).privateKey;

describe('a certification request', () => {
  it('is read with its subject, key and requested extensions', async () => {
    const { pem, key } = await testRequest({ subject: 'CN=shop, O=Example', ca: false });
    const request = parseCertificationRequest(decodeCertificationRequestPem(pem));
    expect(request.subject.flat().map(({ value }) => value)).toEqual(['shop', 'Example']);
    expect(request.publicKey.equals(key.publicKey)).toBe(true);
    expect(request.requestedExtensions.map(({ oid }) => oid)).toEqual(['2.5.29.19']);
    expect(judgeCertificationRequest(request)).toBeUndefined();
  });

  it.each([
    ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
    ['Ed25519', () => generateKeyPairSync('ed25519').privateKey],
    ['RSA 2048', () => rsa(2048)],
  ])('is accepted with a key of %s', (_name, make) => {
    expect(judge(bareRequest(make()))).toBeUndefined();
  });

  it('comes in PEM with its breaks, with them escaped, and with them lost', async () => {
    const { pem, der } = await testRequest({ subject: 'CN=shop' });
    for (const form of [pem, pem.replaceAll('\n', '\\n'), pem.replaceAll('\n', ''), pem.replaceAll('\n', ' ')])
      expect(Buffer.from(decodeCertificationRequestPem(form)).equals(der)).toBe(true);
  });

  it('is not to be found in a private key, a certificate or two requests', async () => {
    const { pem, der, key } = await testRequest({ subject: 'CN=shop' });
    for (const text of [key.pem, encodePem(der), pem + pem, ''])
      expect(() => decodeCertificationRequestPem(text)).toThrow(MalformedPem);
  });

  it('is refused without proof that its sender has the private key', async () => {
    const other = testKey();
    expect(judge(bareRequest(testKey().privateKey, other.publicKey))).toBe('no-proof-of-possession');
    const { der } = await testRequest({ subject: 'CN=shop' });
    const changed = Uint8Array.from(der);
    changed[Buffer.from(changed).indexOf('shop')] = 0x53;
    expect(judge(changed)).toBe('no-proof-of-possession');
  });

  it.each([
    ['an RSA key of 1024 bits', () => rsa(1024), 'weak-key'],
    ['an RSA key of 2047 bits', () => rsa(2047), 'weak-key'],
    ['an RSA key with the exponent 3', () => rsa(2048, 3), 'weak-key'],
    ['a key on secp256k1', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey, 'unsupported-key'],
    ['a key on P-224', () => generateKeyPairSync('ec', { namedCurve: 'P-224' }).privateKey, 'unsupported-key'],
  ])('is refused with %s', (_name, make, code) => {
    const key = make();
    const signer = key.asymmetricKeyType === 'ec' ? testKey().privateKey : key;
    expect(judge(bareRequest(signer, createPublicKey(key)))).toBe(code);
  });

  it('is refused with a modulus that a small prime divides, and with the exponent 1', () => {
    const jwk = rsa(2048).export({ format: 'jwk' });
    const modulus = BigInt(`0x${Buffer.from(jwk.n as string, 'base64url').toString('hex')}`);
    const divisible = modulus - (modulus % 751n) + (((modulus - (modulus % 751n)) & 1n) === 1n ? 0n : 751n);
    const spki = (n: string, e: string) =>
      createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }).export({ type: 'spki', format: 'der' });
    const encoded = Buffer.from(divisible.toString(16), 'hex').toString('base64url');
    const signer = createPrivateKey(testKey('RSA-2048').pem);
    expect(judge(bareRequest(signer, new Uint8Array(spki(encoded, 'AQAB'))))).toBe('weak-key');
    expect(judge(bareRequest(signer, new Uint8Array(spki(jwk.n as string, 'AQ'))))).toBe('weak-key');
  });

  it.each([
    ['basicConstraints CA:TRUE', { ca: true }],
    ['the key usage keyCertSign', { keyUsage: ['keyCertSign'] as const }],
    ['the key usage cRLSign', { keyUsage: ['digitalSignature', 'cRLSign'] as const }],
  ])('is refused when it asks for %s', async (_name, asked) => {
    const { der } = await testRequest({ subject: 'CN=shop', ...asked });
    expect(judge(der)).toBe('asks-for-ca');
  });

  it('is malformed with anything behind it, cut short, or with a point off its curve', async () => {
    const { der, key } = await testRequest({ subject: 'CN=shop' });
    const off = new Uint8Array(key.publicKey.export({ type: 'spki', format: 'der' }));
    off[off.length - 1] = (off.at(-1) as number) ^ 1;
    for (const bytes of [
      Buffer.concat([der, Buffer.of(0)]),
      der.subarray(0, der.length - 1),
      new Uint8Array(20_000),
      bareRequest((key as TestKey).privateKey, off),
    ])
      expect(() => parseCertificationRequest(bytes)).toThrow(MalformedCertificationRequest);
  });
});
