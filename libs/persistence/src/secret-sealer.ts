import { masterKey, type MasterKeys } from './master-key.js';
import { createCipheriv, createDecipheriv, randomBytes, type CipherGCM, type DecipherGCM } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

const format = 1;
const nonceLength = 12;
const tagLength = 16;
const keyIdLength = 8;
const headLength = 1 + keyIdLength + nonceLength + tagLength;
/** Octets that are encrypted or decrypted in one turn of the event loop. */
const pieceLength = 256 * 1024;

/**
 * Seals secrets with AES-256-GCM under the newest master key, and opens what is sealed under any of them. What a secret
 * belongs to is authenticated with it, so a sealed one cannot be moved to another row. Layout: format (1), id of the master
 * key (8), nonce (12), tag (16), ciphertext.
 */
export class SecretSealer {
  readonly #keys: MasterKeys;

  /** @param keys one of 32 bytes, or those of a file */
  constructor(keys: Buffer | MasterKeys) {
    this.#keys = Buffer.isBuffer(keys) ? { value: [masterKey(keys)], check: () => false } : keys;
  }

  /** Looks whether there are other keys now. @returns whether there are */
  check(): boolean {
    return this.#keys.check();
  }

  /** Ids of the master keys in hex, the one that is sealed under first. */
  get keyIds(): readonly string[] {
    return this.#keys.value.map(({ id }) => id.toString('hex'));
  }

  /** The id in hex of the master key that something is sealed under. */
  static keyIdOf(sealed: Buffer): string {
    return keyIdOf(sealed).toString('hex');
  }

  /** @param owner what the secret belongs to, e.g. `certificate-authority:<id>` */
  seal(secret: Uint8Array, owner: string): Buffer {
    const { cipher, id, nonce } = this.#cipherFor(owner);
    const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()]);
    return Buffer.concat([Buffer.of(format), id, nonce, cipher.getAuthTag(), ciphertext]);
  }

  /** The same, a piece in each turn of the event loop: for what may have megabytes. */
  async sealInTurns(secret: Uint8Array, owner: string): Promise<Buffer> {
    if (secret.length <= pieceLength) return this.seal(secret, owner);
    const { cipher, id, nonce } = this.#cipherFor(owner);
    const sealed = Buffer.allocUnsafe(headLength + secret.length);
    await inTurns(cipher, secret, sealed.subarray(headLength));
    Buffer.concat([Buffer.of(format), id, nonce, cipher.getAuthTag()]).copy(sealed);
    return sealed;
  }

  /** @throws Error when it was sealed under another master key, belongs to something else, or was changed */
  open(sealed: Buffer, owner: string): Buffer {
    const { decipher, ciphertext } = this.#decipherFor(sealed, owner);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  }

  /** The same, a piece in each turn of the event loop. @throws Error as {@link open} does */
  async openInTurns(sealed: Buffer, owner: string): Promise<Buffer> {
    const { decipher, ciphertext } = this.#decipherFor(sealed, owner);
    const secret = Buffer.allocUnsafe(ciphertext.length);
    await inTurns(decipher, ciphertext, secret);
    return secret;
  }

  #cipherFor(owner: string): { cipher: CipherGCM; id: Buffer; nonce: Buffer } {
    const [{ key, id }] = this.#keys.value;
    const nonce = randomBytes(nonceLength);
    return { cipher: createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(owner)), id, nonce };
  }

  #decipherFor(sealed: Buffer, owner: string): { decipher: DecipherGCM; ciphertext: Buffer } {
    if (sealed[0] !== format) throw new Error(`The secret of ${owner} is in a format this version does not know.`);
    // Another process may have sealed it under a key that was put into the file a moment ago.
    const key = this.#find(keyIdOf(sealed)) ?? (this.check() ? this.#find(keyIdOf(sealed)) : undefined);
    if (!key) {
      throw new Error(
        `The secret of ${owner} was sealed under another master key: put that one into the master key file.`,
      );
    }
    const nonceAt = 1 + keyIdLength;
    const tagAt = nonceAt + nonceLength;
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(nonceAt, tagAt), { authTagLength: tagLength })
      .setAAD(Buffer.from(owner))
      .setAuthTag(sealed.subarray(tagAt, headLength));
    return { decipher, ciphertext: sealed.subarray(headLength) };
  }

  #find(id: Buffer): Buffer | undefined {
    return this.#keys.value.find((known) => known.id.equals(id))?.key;
  }
}

function keyIdOf(sealed: Buffer): Buffer {
  return sealed.subarray(1, 1 + keyIdLength);
}

/** @param into as long as what comes; whoever gets it before this is done has what nothing vouches for */
async function inTurns(cipher: CipherGCM | DecipherGCM, from: Uint8Array, into: Buffer): Promise<void> {
  for (let at = 0; at < from.length; at += pieceLength) {
    if (at > 0) await nextTurn();
    cipher.update(from.subarray(at, at + pieceLength)).copy(into, at);
  }
  cipher.final();
}
