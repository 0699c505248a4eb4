import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

const format = 1;
const nonceLength = 12;
const tagLength = 16;
const keyIdLength = 8;

/**
 * Seals secrets with AES-256-GCM under the master key. What a secret belongs to is authenticated with it, so a
 * sealed one cannot be moved to another row. Layout: format (1), id of the master key (8), nonce (12), tag (16), ciphertext.
 */
export class SecretSealer {
  readonly #masterKey: Buffer;
  readonly #keyId: Buffer;

  /** @param masterKey 32 bytes */
  constructor(masterKey: Buffer) {
    if (masterKey.length !== 32) throw new Error('The master key must be 32 bytes, in base64.');
    this.#masterKey = masterKey;
    this.#keyId = createHash('sha256')
      .update('sluice master key id')
      .update(masterKey)
      .digest()
      .subarray(0, keyIdLength);
  }

  static fromFile(path: string): SecretSealer {
    return new SecretSealer(Buffer.from(readFileSync(path, 'utf8').trim(), 'base64'));
  }

  /** @param owner what the secret belongs to, e.g. `certificate-authority:<id>` */
  seal(secret: Uint8Array, owner: string): Buffer {
    const nonce = randomBytes(nonceLength);
    const cipher = createCipheriv('aes-256-gcm', this.#masterKey, nonce).setAAD(Buffer.from(owner));
    const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()]);
    return Buffer.concat([Buffer.of(format), this.#keyId, nonce, cipher.getAuthTag(), ciphertext]);
  }

  /** @throws Error when it was sealed under another master key, belongs to something else, or was changed */
  open(sealed: Buffer, owner: string): Buffer {
    if (sealed[0] !== format) throw new Error(`The secret of ${owner} is in a format this version does not know.`);
    const keyId = sealed.subarray(1, 1 + keyIdLength);
    if (!keyId.equals(this.#keyId)) {
      throw new Error(
        `The secret of ${owner} was sealed under another master key: put that one into the master key file.`,
      );
    }
    const nonceAt = 1 + keyIdLength;
    const tagAt = nonceAt + nonceLength;
    const decipher = createDecipheriv('aes-256-gcm', this.#masterKey, sealed.subarray(nonceAt, tagAt), {
      authTagLength: tagLength,
    })
      .setAAD(Buffer.from(owner))
      .setAuthTag(sealed.subarray(tagAt, tagAt + tagLength));
    return Buffer.concat([decipher.update(sealed.subarray(tagAt + tagLength)), decipher.final()]);
  }
}
