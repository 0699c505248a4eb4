import type { TokenKeyRecord } from '@sluice/contracts';
import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import type { ReadToken } from './read-token.js';

/** Public keys of tokens as they are computed with, read once for each record. */
export class TokenKeys {
  readonly #read = new WeakMap<TokenKeyRecord, KeyObject | null>();

  /** Whether the key of the record signed the token. Off the event loop: a flood of tokens waits in the thread pool. */
  signed(record: TokenKeyRecord, { signed, signature }: ReadToken): Promise<boolean> {
    const key = this.#keyOf(record);
    if (!key) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      // RFC 7518 §3.4: the two numbers one after the other, not in DER.
      verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature, (error, good) => {
        if (error) reject(error);
        else resolve(good);
      });
    });
  }

  /** @returns null when it is not a key of ES256 (RFC 7518 §3.4): nothing is signed by it then */
  #keyOf(record: TokenKeyRecord): KeyObject | null {
    let key = this.#read.get(record);
    if (key === undefined) {
      key = readKey(record.publicKey);
      this.#read.set(record, key);
    }
    return key;
  }
}

function readKey(publicKey: string): KeyObject | null {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
  } catch {
    // The record was signed by key-management; one that holds no key lets nobody in.
    return null;
  }
  return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : null;
}
