import { DerReader, MalformedDer, tags } from '../der/der-reader.js';
import { readIntegerBytes, readNull, readOctetAlignedBitString, readOid } from '../der/decode-value.js';

/** What a SubjectPublicKeyInfo holds, as far as policy needs it. `name` is for people. */
export type PublicKeyInfo =
  | {
      readonly kind: 'rsa' | 'rsa-pss';
      readonly bits: number;
      readonly exponentBits: number;
      readonly sound: boolean;
      readonly name: string;
    }
  | { readonly kind: 'ec'; readonly curve: string; readonly name: string }
  | { readonly kind: 'ed25519' | 'ed448' | 'unknown'; readonly name: string };

const curves: ReadonlyMap<string, readonly [name: string, octets: number]> = new Map([
  ['1.2.840.10045.3.1.1', ['P-192', 24]],
  ['1.3.132.0.33', ['P-224', 28]],
  ['1.2.840.10045.3.1.7', ['P-256', 32]],
  ['1.3.132.0.34', ['P-384', 48]],
  ['1.3.132.0.35', ['P-521', 66]],
  ['1.3.132.0.10', ['secp256k1', 32]],
]);

/**
 * Decodes a SubjectPublicKeyInfo (the whole SEQUENCE).
 * @throws {MalformedDer}
 */
export function decodePublicKeyInfo(spki: Uint8Array): PublicKeyInfo {
  const outer = new DerReader(spki);
  const info = outer.expect(tags.sequence, 'the public key').enter();
  outer.finish('the public key');
  const algorithm = info.expect(tags.sequence, 'the public key algorithm').enter();
  const oid = readOid(algorithm, 'the public key algorithm');
  const key = readOctetAlignedBitString(info, 'the public key');
  info.finish('the public key');
  switch (oid) {
    case '1.2.840.113549.1.1.1':
      // RFC 3279 2.3.1 demands NULL.
      readNull(algorithm, 'the parameters of an RSA key');
      algorithm.finish('the parameters of an RSA key');
      return rsaInfo('rsa', key);
    case '1.2.840.113549.1.1.10':
      return rsaInfo('rsa-pss', key);
    case '1.2.840.10045.2.1': {
      // RFC 5480 2.1.1: a named curve, never explicit parameters (CVE-2020-0601).
      if (algorithm.peek() !== tags.oid) return { kind: 'unknown', name: 'EC key without a named curve' };
      const curveOid = readOid(algorithm, 'the curve');
      algorithm.finish('the curve');
      const curve = curves.get(curveOid);
      if (curve === undefined) return { kind: 'ec', curve: curveOid, name: `EC key on curve ${curveOid}` };
      const form = key[0];
      const fits =
        form === 4 ? key.length === 1 + 2 * curve[1] : (form === 2 || form === 3) && key.length === 1 + curve[1];
      if (!fits) throw new MalformedDer('the EC point has no form of its curve');
      return { kind: 'ec', curve: curve[0], name: `EC ${curve[0]}` };
    }
    case '1.3.101.112':
    case '1.3.101.113': {
      algorithm.finish('the public key algorithm');
      const kind = oid === '1.3.101.112' ? 'ed25519' : 'ed448';
      if (key.length !== (kind === 'ed25519' ? 32 : 57))
        throw new MalformedDer('the Edwards-curve key has the wrong length');
      return { kind, name: kind === 'ed25519' ? 'Ed25519' : 'Ed448' };
    }
    case '1.2.840.10040.4.1':
      return { kind: 'unknown', name: 'DSA key' };
    default:
      return { kind: 'unknown', name: `key of algorithm ${oid}` };
  }
}

function rsaInfo(kind: 'rsa' | 'rsa-pss', key: Uint8Array): PublicKeyInfo {
  const outer = new DerReader(key);
  const numbers = outer.expect(tags.sequence, 'the RSA key').enter();
  outer.finish('the RSA key');
  const modulus = readIntegerBytes(numbers, 'the RSA modulus');
  const exponent = readIntegerBytes(numbers, 'the RSA exponent');
  numbers.finish('the RSA key');
  const bits = bitLength(modulus);
  const exponentBits = bitLength(exponent);
  if (bits < 0 || exponentBits < 0) throw new MalformedDer('an RSA key holds a negative number');
  // An even modulus or exponent, or exponent 1, is no RSA key: with exponent 1 every signature can be forged.
  const sound =
    ((modulus[modulus.length - 1] as number) & 1) === 1 &&
    ((exponent[exponent.length - 1] as number) & 1) === 1 &&
    exponentBits > 1;
  return { kind, bits, exponentBits, sound, name: `RSA ${bits} bits` };
}

/** Bits of a DER INTEGER content, -1 if it is negative. */
function bitLength(integer: Uint8Array): number {
  if ((integer[0] as number) >= 0x80) return -1;
  let at = 0;
  while (at < integer.length - 1 && integer[at] === 0) at++;
  return (integer.length - at - 1) * 8 + (32 - Math.clz32(integer[at] as number));
}
