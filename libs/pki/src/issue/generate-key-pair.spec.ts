import { describe, expect, it } from '@jest/globals';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { generateEncodedKeyPair, generateKeyPair } from './generate-key-pair.js';

describe('a key pair that is given away', () => {
  it.each([{ algorithm: 'P-256' }, { algorithm: 'P-384' }, { algorithm: 'RSA', modulusLength: 2048 }] as const)(
    'of %p is two halves of one',
    async (specification) => {
      const { publicKey, privateKeyPem } = await generateEncodedKeyPair(specification);
      const privateKey = createPrivateKey(privateKeyPem);
      const ofPrivate = createPublicKey(privateKey);
      expect(privateKey.export({ type: 'pkcs8', format: 'pem' })).toBe(privateKeyPem);
      expect(Buffer.compare(ofPrivate.export({ type: 'spki', format: 'der' }), publicKey)).toBe(0);
      expect(ofPrivate.equals(createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' }))).toBe(
        true,
      );
    },
  );
});

describe('an RSA key pair', () => {
  it('is made while the event loop goes on', async () => {
    for (const make of [generateKeyPair, generateEncodedKeyPair]) {
      let made = false;
      const making = make({ algorithm: 'RSA', modulusLength: 4096 }).then(() => (made = true));
      let turns = 0;
      while (!made) {
        await setImmediate();
        turns++;
      }
      await making;
      expect(turns).toBeGreaterThan(10);
    }
  }, 60_000);
});
