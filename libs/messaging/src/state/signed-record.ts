import { statePrefixOf, stateSchemas, signedPrefixes, type StatePrefix, type StateRecord } from '@sluice/contracts';
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

/** Keys as the file has them that they stand in. */
export interface FollowedKeys<T> {
  readonly value: T;
  /** Looks at the file again. @returns whether the value is another now */
  check(): boolean;
}

/**
 * State records on the bus: JSON, and for what only key-management may say a JWS in compact form with EdDSA (RFC 7515,
 * RFC 8037). A reader believes the signature, not the bus.
 */
export class RecordSigner {
  readonly #source: FollowedKeys<string>;
  #pem = '';
  #key!: KeyObject;
  #header = '';

  /** @param privateKeyPem Ed25519, PKCS#8; or where it is found, when it may be replaced */
  constructor(privateKeyPem: string | FollowedKeys<string>) {
    this.#source = typeof privateKeyPem === 'string' ? fixed(privateKeyPem) : privateKeyPem;
    this.#use();
  }

  /** Id of the key it signs with, as the headers of records name it. */
  get keyId(): string {
    this.#use();
    return keyId(createPublicKey(this.#key));
  }

  /** Looks whether there is another key now. @returns whether there is */
  check(): boolean {
    return this.#source.check();
  }

  encode(record: StateRecord): Uint8Array {
    this.#use();
    const input = `${this.#header}.${base64url(JSON.stringify(record))}`;
    return Buffer.from(`${input}.${sign(null, Buffer.from(input), this.#key).toString('base64url')}`);
  }

  #use(): void {
    if (this.#source.value === this.#pem) return;
    this.#pem = this.#source.value;
    this.#key = createPrivateKey(this.#pem);
    this.#header = base64url(JSON.stringify({ alg: 'EdDSA', kid: keyId(createPublicKey(this.#key)) }));
  }
}

/** A record that nobody may believe: unsigned, wrongly signed, of another key, or not in its shape. */
export class RecordRefused extends Error {
  override readonly name = 'RecordRefused';
}

/** A process asked for a key it does not know looks at the file at once, but not more often than this. */
const minLookMs = 100;

export class RecordReader {
  readonly #source: FollowedKeys<readonly string[]>;
  #keys: ReadonlyMap<string, KeyObject>;
  #lookedAt = Number.NEGATIVE_INFINITY;
  readonly #listeners: ((removed: readonly string[]) => void)[] = [];

  /** @param publicKeysPem the Ed25519 keys that may sign; several while one replaces another; or where they are found */
  constructor(publicKeysPem: readonly string[] | FollowedKeys<readonly string[]>) {
    this.#source = 'check' in publicKeysPem ? publicKeysPem : fixed(publicKeysPem);
    this.#keys = keysById(this.#source.value);
  }

  /** Ids of the keys that may sign. */
  get keyIds(): readonly string[] {
    return [...this.#keys.keys()];
  }

  /** Told when other keys may sign than before, with the ids of those that may not any more. */
  onKeys(listener: (removed: readonly string[]) => void): void {
    this.#listeners.push(listener);
  }

  /** Looks whether other keys may sign now. @returns whether they do */
  check(): boolean {
    this.#lookedAt = performance.now();
    if (!this.#source.check()) return false;
    const before = this.#keys;
    this.#keys = keysById(this.#source.value);
    const removed = [...before.keys()].filter((id) => !this.#keys.has(id));
    for (const listener of this.#listeners) listener(removed);
    return true;
  }

  /** Id of the key a record says it is signed with. @returns undefined when it says none */
  static keyIdOf(value: Uint8Array): string | undefined {
    const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
    try {
      const header = JSON.parse(Buffer.from(text.slice(0, text.indexOf('.')), 'base64url').toString('utf8')) as unknown;
      const kid = (header as { kid?: unknown } | null)?.kid;
      return typeof kid === 'string' ? kid : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * @param key the key the record was found under: a record moved to another key is refused
   * @throws RecordRefused
   */
  decode<P extends StatePrefix>(key: string, value: Uint8Array): StateRecord<P> {
    const prefix = statePrefixOf(key);
    if (!prefix) throw new RecordRefused(`${key}: there are no such records`);
    const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
    const parsed = stateSchemas[prefix].safeParse(
      parseJson(key, signedPrefixes.has(prefix) ? this.#open(key, text) : text),
    );
    if (!parsed.success)
      throw new RecordRefused(`${key}: ${parsed.error.issues[0]?.path.join('.')} ${parsed.error.issues[0]?.message}`);
    if (parsed.data.key !== key) throw new RecordRefused(`${key}: the record says it is ${parsed.data.key}`);
    return parsed.data as StateRecord<P>;
  }

  #open(key: string, jws: string): string {
    const [header, payload, signature, ...rest] = jws.split('.');
    if (!header || !payload || !signature || rest.length > 0) throw new RecordRefused(`${key}: not a signed record`);
    const { alg, kid } = parseJson(key, Buffer.from(header, 'base64url').toString('utf8')) as {
      alg?: string;
      kid?: string;
    };
    const publicKey = alg === 'EdDSA' && kid ? this.#find(kid) : undefined;
    if (!publicKey) throw new RecordRefused(`${key}: signed with a key that may not sign records`);
    if (!verify(null, Buffer.from(`${header}.${payload}`), publicKey, Buffer.from(signature, 'base64url'))) {
      throw new RecordRefused(`${key}: the signature is wrong`);
    }
    return Buffer.from(payload, 'base64url').toString('utf8');
  }

  /** The key may have been put into the file a moment ago. */
  #find(kid: string): KeyObject | undefined {
    const known = this.#keys.get(kid);
    if (known || performance.now() - this.#lookedAt < minLookMs) return known;
    this.check();
    return this.#keys.get(kid);
  }
}

/** Every key may stand once: one twice in the file is one key. */
function keysById(publicKeysPem: readonly string[]): ReadonlyMap<string, KeyObject> {
  return new Map(publicKeysPem.map((pem) => createPublicKey(pem)).map((key) => [keyId(key), key]));
}

function fixed<T>(value: T): FollowedKeys<T> {
  return { value, check: () => false };
}

/** JWK thumbprint-like id: the raw public key, which for Ed25519 is short enough to be its own name. */
function keyId(publicKey: KeyObject): string {
  return publicKey.export({ format: 'jwk' }).x as string;
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function parseJson(key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RecordRefused(`${key}: not JSON`);
  }
}
