import { describe, expect, it } from '@jest/globals';
import { constants, generateKeyPairSync, sign, type KeyObject, type RSAPSSKeyPairKeyObjectOptions } from 'node:crypto';
import { decodePublicKeyInfo } from './public-key-info.js';
import { type SignatureAlgorithm } from './signature-algorithm.js';
import { verifySignature, verifySignatureOffLoop } from './verify-signature.js';

const data = Buffer.from('what is signed');
/** The types of node want the length of the salt as text, node wants a number. */
const pssKeyPair = (hashAlgorithm: string, saltLength: number) =>
  generateKeyPairSync('rsa-pss', {
    modulusLength: 2048,
    hashAlgorithm,
    mgf1HashAlgorithm: hashAlgorithm,
    saltLength,
  } as unknown as RSAPSSKeyPairKeyObjectOptions);
const keys = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'rsa-pss': pssKeyPair('sha256', 32),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ed25519: generateKeyPairSync('ed25519'),
  ed448: generateKeyPairSync('ed448'),
};
type Kind = keyof typeof keys;
const named = { name: 'of the test', oid: '1.2.3' };
const algorithms: Record<SignatureAlgorithm['kind'], SignatureAlgorithm> = {
  'rsa-pkcs1': { kind: 'rsa-pkcs1', hash: 'sha256', ...named },
  'rsa-pss': { kind: 'rsa-pss', hash: 'sha256', maskHash: 'sha256', saltLength: 32, ...named },
  ecdsa: { kind: 'ecdsa', hash: 'sha256', ...named },
  dsa: { kind: 'dsa', hash: 'sha256', ...named },
  ed25519: { kind: 'ed25519', ...named },
  ed448: { kind: 'ed448', ...named },
  unknown: { kind: 'unknown', ...named },
};
/** The keys that can have made a signature of each kind. */
const makers: Record<SignatureAlgorithm['kind'], readonly Kind[]> = {
  'rsa-pkcs1': ['rsa'],
  'rsa-pss': ['rsa', 'rsa-pss'],
  ecdsa: ['ec'],
  // DSA is refused by every policy, and checked by nobody.
  dsa: [],
  ed25519: ['ed25519'],
  ed448: ['ed448'],
  unknown: [],
};

function signWith(kind: Kind, algorithm: SignatureAlgorithm): Uint8Array {
  const { privateKey } = keys[kind];
  if (kind === 'ed25519' || kind === 'ed448') return sign(null, data, privateKey);
  if (algorithm.kind === 'rsa-pss' || kind === 'rsa-pss')
    return sign('sha256', data, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
  return sign('sha256', data, privateKey);
}

/** The answer, which both ways must agree on. */
async function verify(algorithm: SignatureAlgorithm, signature: Uint8Array, key: KeyObject): Promise<boolean> {
  const info = decodePublicKeyInfo(new Uint8Array(key.export({ type: 'spki', format: 'der' })));
  const onLoop = verifySignature(data, algorithm, signature, key, info);
  expect(await verifySignatureOffLoop(data, algorithm, signature, key, info)).toBe(onLoop);
  return onLoop;
}

const pairs = Object.values(algorithms).flatMap((algorithm) =>
  (Object.keys(keys) as Kind[]).map((kind) => ({ algorithm, kind, matches: makers[algorithm.kind].includes(kind) })),
);

describe('a signature, checked on the event loop and off it', () => {
  it.each(pairs)(
    'of $algorithm.kind by a key of kind $kind matches: $matches',
    async ({ algorithm, kind, matches }) => {
      const signature = signWith(kind, algorithm);
      expect(await verify(algorithm, signature, keys[kind].publicKey)).toBe(matches);
      if (!matches) return;
      const changed = Uint8Array.from(signature);
      changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
      for (const wrong of [changed, signature.subarray(1), new Uint8Array(0)])
        expect(await verify(algorithm, wrong, keys[kind].publicKey)).toBe(false);
    },
  );

  it('is no match, rather than an error, when a PSS key forbids the hash', async () => {
    const { publicKey, privateKey } = pssKeyPair('sha384', 48);
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const signature = sign('sha384', data, { key: privateKey, padding, saltLength: 48 });
    expect(await verify(algorithms['rsa-pss'], signature, publicKey)).toBe(false);
  });
});
