import { describe, expect, it } from '@jest/globals';
import { testKey, testRequest, type TestKey } from '@sluice/testing';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { explicit } from '../der/der-reader.js';
import { element, encodeSmallInteger, sequence } from '../der/write-der.js';
import { signingAlgorithmOf, signStructure } from '../issue/sign-structure.js';
import { MalformedPem } from '../pem/decode-pem.js';
import { encodePem } from '../pem/encode-pem.js';
import { bytesOf, hexElement, hexOf, hexSequence, hexText } from '../testing/hex.js';
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

const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spkiHex = hexOf(signer.publicKey.export({ type: 'spki', format: 'der' }));
/** A request of this content, with the proof of possession it needs. */
const signed = (info: string): Uint8Array =>
  signStructure(bytesOf(info), signingAlgorithmOf(signer.privateKey), signer.privateKey);
/** An extension whose value is a NULL. */
const extension = (oid: string): string => hexSequence(hexElement('06', oid), '04020500');
/** The attribute extensionRequest (RFC 2985 5.4.2). */
const asking = (...extensions: string[]): string =>
  hexSequence(
    '06092a864886f70d01090e',
    hexElement('31', hexSequence(...(extensions.length === 0 ? [extension('551d11')] : extensions))),
  );

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

  it.each<[string, string, RegExp]>([
    ['version 2', hexSequence('020101', '3000', spkiHex, 'a000'), /version is not 1/],
    [
      'two lists of extensions',
      hexSequence('020100', '3000', spkiHex, hexElement('a0', asking(), asking())),
      /extensionRequest stands in it twice/,
    ],
    ['attributes without their tag', hexSequence('020100', '3000', spkiHex), /attributes/],
    [
      'an extension twice',
      hexSequence('020100', '3000', spkiHex, hexElement('a0', asking(extension('551d0f'), extension('551d0f')))),
      /holds the extension 2.5.29.15 twice/,
    ],
  ])('is malformed with %s', (_what, info, problem) => {
    expect(() => parseCertificationRequest(signed(info))).toThrow(MalformedCertificationRequest);
    expect(() => parseCertificationRequest(signed(info))).toThrow(problem);
  });

  it('may hold attributes that nobody here asks for, which are left alone', () => {
    const challengePassword = hexSequence('06092a864886f70d010907', hexElement('31', hexText('0c', 'secret')));
    const info = hexSequence(
      '020100',
      '3000',
      spkiHex,
      hexElement('a0', challengePassword, asking(extension('551d11'))),
    );
    const request = parseCertificationRequest(signed(info));
    expect(request.requestedExtensions.map(({ oid }) => oid)).toEqual(['2.5.29.17']);
    expect(judgeCertificationRequest(request)).toBeUndefined();
  });

  it('is refused, in a sentence that names the fault, when the extension it asks for cannot be read', () => {
    const info = hexSequence('020100', '3000', spkiHex, hexElement('a0', asking(extension('551d13'))));
    expect(judgeCertificationRequest(parseCertificationRequest(signed(info)))).toEqual({
      code: 'malformed',
      sentence: expect.stringMatching(/^An extension it asks for is malformed: basicConstraints/) as unknown,
    });
  });

  it('is told the rule that its key breaks, where there is one', () => {
    const sentenceFor = (request: Uint8Array) =>
      judgeCertificationRequest(parseCertificationRequest(request))?.sentence;
    expect(sentenceFor(bareRequest(rsa(1024)))).toMatch(
      /\(RSA 1024 bits\) is not accepted: the rule is RSA 2048 bits\. Make/,
    );
    const { publicKey } = generateKeyPairSync('ed448');
    expect(sentenceFor(bareRequest(testKey().privateKey, publicKey))).toMatch(/\(Ed448\) is not accepted\. Make/);
  });

  it('is refused when it is signed with SHA-1, whose collisions are bought', () => {
    const key = createPrivateKey(testKey('RSA-2048').pem);
    const der = bareRequest(key);
    const [sha256, sha1] = ['2a864886f70d01010b', '2a864886f70d010105'];
    expect(judge(bytesOf(hexOf(der).replace(sha256, sha1)))).toBe('weak-signature-algorithm');
  });
});
