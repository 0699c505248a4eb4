import { signatureCost, verifySignature, verifySignatureOffLoop } from '../algorithm/verify-signature.js';
import { MalformedCertificate, type Certificate } from '../certificate/certificate.js';

/** A check that costs more than this goes to another thread; units of `signatureCost`. Handing one over costs one itself. */
const maxCostOfOne = 8;
/** What all checks of one judgement may cost together before the rest goes to other threads. */
const maxCostOfAll = 16;

/** Thrown out of a judgement where a signature must be checked off the event loop first; never leaves the library. */
export class SignaturePending extends Error {
  override readonly name = 'SignaturePending';
  constructor(readonly check: () => Promise<void>) {
    super('a signature is to be checked off the event loop');
  }
}

/**
 * The signatures of one judgement that is run again each time one was checked in another thread. What was checked is
 * remembered, so that each run gets further and finds the same as one run would have.
 */
export class DeferredSignatures {
  private readonly results = new Map<string, boolean>();
  private onLoop = 0;

  /** @throws {SignaturePending} */
  isSigned(child: Certificate, issuer: Certificate): boolean {
    const key = child.sha256 + issuer.spkiSha256;
    const known = this.results.get(key);
    if (known !== undefined) return known;
    const cost = signatureCost(issuer.publicKeyInfo);
    if (cost > maxCostOfOne || this.onLoop + cost > maxCostOfAll)
      throw new SignaturePending(async () => void this.results.set(key, await isSignedOffLoop(child, issuer)));
    this.onLoop += cost;
    const signed = isSignedOnLoop(child, issuer);
    this.results.set(key, signed);
    return signed;
  }
}

/** Whether the child carries a signature by the issuer's key. */
export function isSignedOnLoop(child: Certificate, issuer: Certificate): boolean {
  const key = readKey(issuer);
  return (
    key !== undefined &&
    verifySignature(child.tbs, child.signatureAlgorithm, child.signature, key, issuer.publicKeyInfo)
  );
}

async function isSignedOffLoop(child: Certificate, issuer: Certificate): Promise<boolean> {
  const key = readKey(issuer);
  return (
    key !== undefined &&
    verifySignatureOffLoop(child.tbs, child.signatureAlgorithm, child.signature, key, issuer.publicKeyInfo)
  );
}

/** A key OpenSSL cannot read signs nothing. */
function readKey(issuer: Certificate): ReturnType<Certificate['publicKey']> | undefined {
  try {
    return issuer.publicKey();
  } catch (error) {
    if (error instanceof MalformedCertificate) return undefined;
    throw error;
  }
}
