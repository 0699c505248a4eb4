import { statePrefixOf, stateSchemas, signedPrefixes, type StatePrefix, type StateRecord } from '@sluice/contracts';
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

/**
 * State records on the bus: JSON, and for what only key-management may say a JWS in compact form with EdDSA (RFC 7515,
 * RFC 8037). A reader believes the signature, not the bus.
 */
export class RecordSigner {
  readonly #key: KeyObject;
  readonly #header: string;

  /** @param privateKeyPem Ed25519, PKCS#8 */
  constructor(privateKeyPem: string) {
    this.#key = createPrivateKey(privateKeyPem);
    this.#header = base64url(JSON.stringify({ alg: 'EdDSA', kid: keyId(createPublicKey(this.#key)) }));
  }

  encode(record: StateRecord): Uint8Array {
    const input = `${this.#header}.${base64url(JSON.stringify(record))}`;
    return Buffer.from(`${input}.${sign(null, Buffer.from(input), this.#key).toString('base64url')}`);
  }
}

/** A record that nobody may believe: unsigned, wrongly signed, of another key, or not in its shape. */
export class RecordRefused extends Error {
  override readonly name = 'RecordRefused';
}

export class RecordReader {
  readonly #keys: ReadonlyMap<string, KeyObject>;

  /** @param publicKeysPem the Ed25519 keys that may sign; several while one replaces another */
  constructor(publicKeysPem: readonly string[]) {
    this.#keys = new Map(publicKeysPem.map((pem) => createPublicKey(pem)).map((key) => [keyId(key), key]));
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
    const publicKey = alg === 'EdDSA' && kid ? this.#keys.get(kid) : undefined;
    if (!publicKey) throw new RecordRefused(`${key}: signed with a key that may not sign records`);
    if (!verify(null, Buffer.from(`${header}.${payload}`), publicKey, Buffer.from(signature, 'base64url'))) {
      throw new RecordRefused(`${key}: the signature is wrong`);
    }
    return Buffer.from(payload, 'base64url').toString('utf8');
  }
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
