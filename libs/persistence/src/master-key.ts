import { createHash } from 'node:crypto';

/** A key under which secrets are sealed, with the id that sealed values name it by. */
export interface MasterKey {
  readonly key: Buffer;
  /** 8 octets; the first of a SHA-256, so that it tells nothing of the key. */
  readonly id: Buffer;
}

/** Keys that may be replaced by others while they are used. */
export interface MasterKeys {
  /** The newest first: it seals, all of them open. */
  readonly value: readonly [MasterKey, ...MasterKey[]];
  /** Looks whether there are others now. @returns whether there are */
  check(): boolean;
}

const keyLength = 32;
const idLength = 8;

/** @param key 32 octets. @throws Error when it has another length */
export function masterKey(key: Buffer): MasterKey {
  if (key.length !== keyLength) throw new Error('A master key must be 32 bytes, in base64.');
  const id = createHash('sha256').update('sluice master key id').update(key).digest().subarray(0, idLength);
  return { key, id };
}

/**
 * Reads what a master key file holds: one key a line in base64, the newest first.
 * @throws Error when there is none, or one is not 32 octets
 */
export function parseMasterKeys(text: string): MasterKeys['value'] {
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => masterKey(Buffer.from(line, 'base64')));
  const [newest, ...older] = keys;
  if (!newest) throw new Error('The master key file has no key: it must hold one or more, one a line, in base64.');
  return [newest, ...older];
}
