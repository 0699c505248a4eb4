import { DerReader, explicit, MalformedDer, tags } from '../der/der-reader.js';
import { readNull, readOid, readSmallInteger } from '../der/decode-value.js';

export type HashName =
  | 'md2'
  | 'md5'
  | 'sha1'
  | 'sha224'
  | 'sha256'
  | 'sha384'
  | 'sha512'
  | 'sha512-224'
  | 'sha512-256'
  | 'sha3-224'
  | 'sha3-256'
  | 'sha3-384'
  | 'sha3-512';

/** What a signature was made with. `name` is for people and logs. */
export type SignatureAlgorithm =
  | {
      readonly kind: 'rsa-pkcs1' | 'ecdsa' | 'dsa';
      readonly hash: HashName;
      readonly name: string;
      readonly oid: string;
    }
  | {
      readonly kind: 'rsa-pss';
      readonly hash: HashName;
      readonly maskHash: HashName;
      readonly saltLength: number;
      readonly name: string;
      readonly oid: string;
    }
  | { readonly kind: 'ed25519' | 'ed448'; readonly name: string; readonly oid: string }
  | { readonly kind: 'unknown'; readonly name: string; readonly oid: string };

type Fixed = readonly ['rsa-pkcs1' | 'ecdsa' | 'dsa', HashName, string];

const fixed: ReadonlyMap<string, Fixed> = new Map<string, Fixed>([
  ['1.2.840.113549.1.1.2', ['rsa-pkcs1', 'md2', 'RSA with MD2']],
  ['1.2.840.113549.1.1.4', ['rsa-pkcs1', 'md5', 'RSA with MD5']],
  ['1.2.840.113549.1.1.5', ['rsa-pkcs1', 'sha1', 'RSA with SHA-1']],
  ['1.3.14.3.2.29', ['rsa-pkcs1', 'sha1', 'RSA with SHA-1']],
  ['1.2.840.113549.1.1.14', ['rsa-pkcs1', 'sha224', 'RSA with SHA-224']],
  ['1.2.840.113549.1.1.11', ['rsa-pkcs1', 'sha256', 'RSA with SHA-256']],
  ['1.2.840.113549.1.1.12', ['rsa-pkcs1', 'sha384', 'RSA with SHA-384']],
  ['1.2.840.113549.1.1.13', ['rsa-pkcs1', 'sha512', 'RSA with SHA-512']],
  ['1.2.840.113549.1.1.15', ['rsa-pkcs1', 'sha512-224', 'RSA with SHA-512/224']],
  ['1.2.840.113549.1.1.16', ['rsa-pkcs1', 'sha512-256', 'RSA with SHA-512/256']],
  ['2.16.840.1.101.3.4.3.13', ['rsa-pkcs1', 'sha3-224', 'RSA with SHA3-224']],
  ['2.16.840.1.101.3.4.3.14', ['rsa-pkcs1', 'sha3-256', 'RSA with SHA3-256']],
  ['2.16.840.1.101.3.4.3.15', ['rsa-pkcs1', 'sha3-384', 'RSA with SHA3-384']],
  ['2.16.840.1.101.3.4.3.16', ['rsa-pkcs1', 'sha3-512', 'RSA with SHA3-512']],
  ['1.2.840.10045.4.1', ['ecdsa', 'sha1', 'ECDSA with SHA-1']],
  ['1.2.840.10045.4.3.1', ['ecdsa', 'sha224', 'ECDSA with SHA-224']],
  ['1.2.840.10045.4.3.2', ['ecdsa', 'sha256', 'ECDSA with SHA-256']],
  ['1.2.840.10045.4.3.3', ['ecdsa', 'sha384', 'ECDSA with SHA-384']],
  ['1.2.840.10045.4.3.4', ['ecdsa', 'sha512', 'ECDSA with SHA-512']],
  ['2.16.840.1.101.3.4.3.9', ['ecdsa', 'sha3-224', 'ECDSA with SHA3-224']],
  ['2.16.840.1.101.3.4.3.10', ['ecdsa', 'sha3-256', 'ECDSA with SHA3-256']],
  ['2.16.840.1.101.3.4.3.11', ['ecdsa', 'sha3-384', 'ECDSA with SHA3-384']],
  ['2.16.840.1.101.3.4.3.12', ['ecdsa', 'sha3-512', 'ECDSA with SHA3-512']],
  ['1.2.840.10040.4.3', ['dsa', 'sha1', 'DSA with SHA-1']],
  ['2.16.840.1.101.3.4.3.1', ['dsa', 'sha224', 'DSA with SHA-224']],
  ['2.16.840.1.101.3.4.3.2', ['dsa', 'sha256', 'DSA with SHA-256']],
]);

const hashes: ReadonlyMap<string, HashName> = new Map<string, HashName>([
  ['1.2.840.113549.2.5', 'md5'],
  ['1.3.14.3.2.26', 'sha1'],
  ['2.16.840.1.101.3.4.2.4', 'sha224'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
  ['2.16.840.1.101.3.4.2.5', 'sha512-224'],
  ['2.16.840.1.101.3.4.2.6', 'sha512-256'],
  ['2.16.840.1.101.3.4.2.7', 'sha3-224'],
  ['2.16.840.1.101.3.4.2.8', 'sha3-256'],
  ['2.16.840.1.101.3.4.2.9', 'sha3-384'],
  ['2.16.840.1.101.3.4.2.10', 'sha3-512'],
]);

/** The hash an AlgorithmIdentifier names, or undefined. The parameters may be NULL or absent (RFC 4055 2.1). */
export function readHashAlgorithm(sequence: DerReader): HashName | undefined {
  const oid = readOid(sequence, 'a hash algorithm');
  if (!sequence.atEnd) readNull(sequence, 'the parameters of a hash algorithm');
  sequence.finish('a hash algorithm');
  return hashes.get(oid);
}

const remembered = new Map<string, SignatureAlgorithm>();

/**
 * Decodes an AlgorithmIdentifier of a signature (the whole SEQUENCE).
 * @throws {MalformedDer} also when the parameters are not those of the algorithm
 */
export function decodeSignatureAlgorithm(der: Uint8Array): SignatureAlgorithm {
  if (der.length > 96) return decodeAnew(der);
  const raw = Buffer.from(der.buffer, der.byteOffset, der.length).toString('latin1');
  let algorithm = remembered.get(raw);
  if (algorithm === undefined) {
    algorithm = Object.freeze(decodeAnew(der));
    if (remembered.size < 64) remembered.set(raw, algorithm);
  }
  return algorithm;
}

function decodeAnew(der: Uint8Array): SignatureAlgorithm {
  const outer = new DerReader(der);
  const sequence = outer.expect(tags.sequence, 'a signature algorithm').enter();
  outer.finish('a signature algorithm');
  const oid = readOid(sequence, 'a signature algorithm');
  const known = fixed.get(oid);
  if (known !== undefined) {
    const [kind, hash, name] = known;
    // RFC 4055 5 and RFC 3279 2.2: NULL for RSA (its absence is tolerated), nothing for ECDSA and DSA.
    if (kind === 'rsa-pkcs1' && !sequence.atEnd) readNull(sequence, 'the parameters of an RSA signature');
    sequence.finish('a signature algorithm');
    return { kind, hash, name, oid };
  }
  if (oid === '1.2.840.113549.1.1.10') return readPss(sequence, oid);
  if (oid === '1.3.101.112' || oid === '1.3.101.113') {
    sequence.finish('a signature algorithm');
    return oid === '1.3.101.112' ? { kind: 'ed25519', name: 'Ed25519', oid } : { kind: 'ed448', name: 'Ed448', oid };
  }
  return { kind: 'unknown', name: oid, oid };
}

/** RSASSA-PSS-params, RFC 4055 3.1. Every default is SHA-1, so parameters that are left out end in a weak algorithm. */
function readPss(sequence: DerReader, oid: string): SignatureAlgorithm {
  const parameters = sequence.expect(tags.sequence, 'RSASSA-PSS parameters').enter();
  sequence.finish('a signature algorithm');
  let hash: HashName | undefined = 'sha1';
  let maskHash: HashName | undefined = 'sha1';
  let saltLength = 20;
  if (parameters.optional(explicit(0))) {
    const field = parameters.enter();
    hash = readHashAlgorithm(field.expect(tags.sequence, 'the PSS hash').enter());
    field.finish('the PSS hash');
  }
  if (parameters.optional(explicit(1))) {
    const field = parameters.enter();
    const generator = field.expect(tags.sequence, 'the PSS mask generation').enter();
    field.finish('the PSS mask generation');
    if (readOid(generator, 'the PSS mask generation') !== '1.2.840.113549.1.1.8')
      throw new MalformedDer('the PSS mask generation is not MGF1');
    maskHash = readHashAlgorithm(generator.expect(tags.sequence, 'the MGF1 hash').enter());
    generator.finish('the PSS mask generation');
  }
  if (parameters.optional(explicit(2))) {
    const field = parameters.enter();
    saltLength = readSmallInteger(field, 'the PSS salt length');
    field.finish('the PSS salt length');
  }
  if (parameters.optional(explicit(3))) {
    const field = parameters.enter();
    if (readSmallInteger(field, 'the PSS trailer') !== 1) throw new MalformedDer('the PSS trailer is not 1');
    field.finish('the PSS trailer');
  }
  parameters.finish('RSASSA-PSS parameters');
  if (hash === undefined || maskHash === undefined)
    return { kind: 'unknown', name: 'RSASSA-PSS with an unknown hash', oid };
  return { kind: 'rsa-pss', hash, maskHash, saltLength, name: `RSASSA-PSS with ${hash}`, oid };
}
