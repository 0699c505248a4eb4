import { defaultAlgorithmPolicy, judgePublicKey, judgeSignatureAlgorithm } from '../algorithm/algorithm-policy.js';
import { verifySignature } from '../algorithm/verify-signature.js';
import {
  decodeBasicConstraints,
  decodeKeyUsage,
  extensionOids,
  keyUsageBits,
} from '../certificate/decode-extensions.js';
import { MalformedDer } from '../der/der-reader.js';
import type { CertificationRequest } from './parse-certification-request.js';

/** Why no certificate is issued for a request. `values` are for the sentence. */
export interface RequestObjection {
  readonly code:
    | 'weak-key'
    | 'unsupported-key'
    | 'oversized-key'
    | 'weak-signature-algorithm'
    | 'unsupported-signature-algorithm'
    | 'no-proof-of-possession'
    | 'asks-for-ca'
    | 'malformed';
  readonly sentence: string;
}

/** Certificates made here are checked on every first call, so their keys have an upper bound of their own. */
const policy = { ...defaultAlgorithmPolicy, rsaMaximumBits: 8_192, rsaMaximumExponentBits: 33 };
/** 65537 has 17. Smaller exponents are legal and have been the root of too many forgeries. */
const minExponentBits = 17;

/**
 * What speaks against certifying a request's key: proof of possession (RFC 2986 §3 note 2), the algorithm policy, a key that
 * can be computed, or a request to become a CA. Undefined when nothing does.
 */
export function judgeCertificationRequest(request: CertificationRequest): RequestObjection | undefined {
  return judgeKey(request) ?? judgeProof(request) ?? judgeExtensions(request);
}

function judgeKey({ publicKeyInfo: key, publicKey }: CertificationRequest): RequestObjection | undefined {
  const objection = judgePublicKey(key, policy);
  if (objection) {
    const allowed = objection.values['allowed'];
    return {
      code: objection.code as RequestObjection['code'],
      sentence: `Its key (${objection.values['key']}) is not accepted${allowed === undefined ? '' : `: the rule is ${allowed}`}. Make a key pair of RSA 2048 bits or more, P-256, P-384, P-521 or Ed25519.`,
    };
  }
  if (key.kind !== 'rsa' && key.kind !== 'rsa-pss') return undefined;
  if (key.exponentBits < minExponentBits) {
    return {
      code: 'weak-key',
      sentence: 'The public exponent of its RSA key is below 65537: make a key pair with 65537.',
    };
  }
  const factor = smallFactor(publicKey.export({ format: 'jwk' }).n ?? '');
  if (factor !== undefined) {
    return {
      code: 'weak-key',
      sentence: `The modulus of its RSA key can be divided by ${factor}, so its private key can be computed: make a new key pair.`,
    };
  }
  return undefined;
}

function judgeProof(request: CertificationRequest): RequestObjection | undefined {
  const objection = judgeSignatureAlgorithm(request.signatureAlgorithm, policy);
  if (objection) {
    return {
      code: objection.code as RequestObjection['code'],
      sentence: `It is signed with ${request.signatureAlgorithm.name}, which is not accepted: sign it with SHA-256 or better.`,
    };
  }
  const { info, signatureAlgorithm, signature, publicKey, publicKeyInfo } = request;
  if (verifySignature(info, signatureAlgorithm, signature, publicKey, publicKeyInfo)) return undefined;
  return {
    code: 'no-proof-of-possession',
    sentence:
      'Its signature was not made with the private key of the public key in it: make the request where the private key is.',
  };
}

/** Whatever is asked for, a client certificate is issued; but who asks to be a CA expects something else and is told so. */
function judgeExtensions({ requestedExtensions }: CertificationRequest): RequestObjection | undefined {
  try {
    for (const { oid, value } of requestedExtensions) {
      const asksForCa =
        (oid === extensionOids.basicConstraints && decodeBasicConstraints(value).ca) ||
        (oid === extensionOids.keyUsage && (decodeKeyUsage(value) & caUsages) !== 0);
      if (asksForCa) {
        return {
          code: 'asks-for-ca',
          sentence:
            'It asks for a CA certificate (basicConstraints or key usage): leave that out, senders get client certificates.',
        };
      }
    }
  } catch (error) {
    if (!(error instanceof MalformedDer)) throw error;
    return { code: 'malformed', sentence: `An extension it asks for is malformed: ${error.message}.` };
  }
  return undefined;
}

const caUsages = (1 << keyUsageBits.indexOf('keyCertSign')) | (1 << keyUsageBits.indexOf('cRLSign'));

/** All primes below 752 (the bound of the CA/Browser Forum's baseline requirements, §6.1.1.3), one by one. */
const smallPrimes: readonly bigint[] = Array.from({ length: 750 }, (_, index) => index + 2)
  .filter((value) => {
    for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false;
    return true;
  })
  .map(BigInt);

function smallFactor(modulusBase64Url: string): bigint | undefined {
  const modulus = BigInt(`0x${Buffer.from(modulusBase64Url, 'base64url').toString('hex') || '0'}`);
  return smallPrimes.find((prime) => modulus % prime === 0n);
}
