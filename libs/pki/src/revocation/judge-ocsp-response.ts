import { hash } from 'node:crypto';
import {
  defaultAlgorithmPolicy,
  judgePublicKey,
  judgeSignatureAlgorithm,
  type AlgorithmPolicy,
} from '../algorithm/algorithm-policy.js';
import { signatureCost, verifySignature } from '../algorithm/verify-signature.js';
import { MalformedCertificate, sameBytes, type Certificate } from '../certificate/certificate.js';
import { extendedKeyUsages, extensionOids } from '../certificate/decode-extensions.js';
import { defaultBudget, Spending } from '../path/budget.js';
import { type CertificateStatus } from './certificate-status.js';
import { namesCertificate, publicKeyOctets } from './ocsp-certificate-id.js';
import { type OcspAnswer } from './parse-ocsp-response.js';

export interface OcspInput {
  readonly answer: OcspAnswer;
  readonly certificate: Certificate;
  /** The validated issuer of the certificate: its key must have signed the answer, or the responder's certificate. */
  readonly issuer: Certificate;
  /** Epoch milliseconds. */
  readonly at: number;
  /** The nonce that was sent: the answer must hold the same one. Absent: answers may be cached ones. */
  readonly nonce?: Uint8Array;
  /** Refuse an answer older than this, milliseconds. For one without nextUpdate default one hour. */
  readonly maximumAge?: number;
  /** How far the responder's clock may be ahead, milliseconds. Default 0. */
  readonly clockSkew?: number;
  readonly algorithmPolicy?: AlgorithmPolicy;
  /** Tells the status of a delegated responder's certificate that lacks id-pkix-ocsp-nocheck. Absent: such a one is not believed. */
  readonly statusOfResponder?: (responder: Certificate) => CertificateStatus;
  readonly spending?: Spending;
}

const unstatedAge = 3_600_000;

/**
 * The status of a certificate by an OCSP answer (RFC 6960 3.2): the answer must name the certificate, be signed by the
 * issuer or a responder the issuer delegated to (attack 25), and be fresh. Anything else is `undetermined`.
 */
export function judgeOcspResponse(input: OcspInput): CertificateStatus {
  const { answer, certificate, issuer, at } = input;
  const undetermined = (problem: string): CertificateStatus => ({
    status: 'undetermined',
    problem,
    remarks: [`the OCSP answer of ${new Date(answer.producedAt).toISOString()} was not used: ${problem}`],
  });
  const skew = input.clockSkew ?? 0;
  const singles = answer.answers.filter((single) => namesCertificate(single.id, certificate, issuer));
  if (singles.length === 0) return undetermined('it does not speak of this certificate');
  if (answer.unknownCriticalExtension !== undefined)
    return undetermined(`it holds the critical extension ${answer.unknownCriticalExtension}, which is not known here`);
  if (input.nonce !== undefined && (answer.nonce === undefined || !sameBytes(answer.nonce, input.nonce)))
    return undetermined('it does not hold the nonce that was sent');
  const signer = findSigner(input);
  if (typeof signer === 'string') return undetermined(signer);

  let good: CertificateStatus | undefined;
  let unknown = false;
  let problem = 'it knows nothing of this certificate';
  for (const single of singles) {
    const end = Math.min(
      single.nextUpdate ?? Number.POSITIVE_INFINITY,
      single.thisUpdate +
        (input.maximumAge ?? (single.nextUpdate === undefined ? unstatedAge : Number.POSITIVE_INFINITY)),
    );
    if (single.thisUpdate > at + skew) problem = 'it is not valid yet';
    else if (at > end) problem = `it should have been replaced at ${new Date(end).toISOString()}`;
    else if (single.status.kind === 'revoked')
      return {
        status: 'revoked',
        revokedAt: single.status.revokedAt,
        reason: single.status.reason,
        validUntil: Math.min(end, signer.notAfter),
        remarks: [],
      };
    else if (single.status.kind === 'unknown') unknown = true;
    else good = { status: 'good', validUntil: Math.min(end, signer.notAfter), remarks: [] };
  }
  return good ?? { ...undetermined(problem), ...(unknown ? { unknownToResponder: true } : {}) };
}

/** RFC 6960 4.2.2.2: who signed, if he may answer for the issuer, else why not. */
function findSigner(input: OcspInput): Certificate | string {
  const { answer, issuer } = input;
  const policy = input.algorithmPolicy ?? defaultAlgorithmPolicy;
  if (judgeSignatureAlgorithm(answer.signatureAlgorithm, policy) !== undefined)
    return `it is signed with ${answer.signatureAlgorithm.name}`;
  if (isResponder(answer, issuer))
    return isSigned(answer, issuer, input) ? issuer : 'its signature does not match the key of the issuer';
  let objection = 'its signer is neither the issuer nor a responder whose certificate is sent along';
  for (const responder of answer.certificates) {
    if (!isResponder(answer, responder)) continue;
    const rejected = objectionToDelegate(responder, input, policy);
    if (rejected !== undefined) objection = rejected;
    else if (isSigned(answer, responder, input)) return responder;
    else objection = 'its signature does not match the key of the responder';
  }
  return objection;
}

function isResponder(answer: OcspAnswer, certificate: Certificate): boolean {
  const { responder } = answer;
  return 'nameKey' in responder
    ? responder.nameKey === certificate.subjectKey
    : sameBytes(hash('sha1', publicKeyOctets(certificate), 'buffer'), responder.keyHash);
}

function isSigned(answer: OcspAnswer, signer: Certificate, input: OcspInput): boolean {
  spend(input, signer);
  return tryVerify(answer.tbs, answer, signer);
}

function spend(input: OcspInput, signer: Certificate): void {
  (input.spending ?? new Spending(defaultBudget)).spend('signatures', signatureCost(signer.publicKeyInfo));
}

function tryVerify(
  data: Uint8Array,
  signed: Pick<OcspAnswer, 'signatureAlgorithm' | 'signature'>,
  signer: Certificate,
): boolean {
  try {
    return verifySignature(data, signed.signatureAlgorithm, signed.signature, signer.publicKey(), signer.publicKeyInfo);
  } catch (error) {
    if (error instanceof MalformedCertificate) return false;
    throw error;
  }
}

/** A delegated responder must be issued by the very issuer it answers for, for that purpose, and be valid itself. */
function objectionToDelegate(responder: Certificate, input: OcspInput, policy: AlgorithmPolicy): string | undefined {
  const { issuer, at } = input;
  if (responder.issuerKey !== issuer.subjectKey) return 'the certificate of its responder is of another issuer';
  if (responder.extendedKeyUsage?.includes(extendedKeyUsages.OCSPSigning) !== true)
    return 'the certificate of its responder lacks the extended key usage OCSPSigning';
  if (!responder.allowsKeyUsage('digitalSignature') && !responder.allowsKeyUsage('nonRepudiation'))
    return 'the certificate of its responder may not sign';
  if (at < responder.notBefore || at > responder.notAfter)
    return 'the certificate of its responder is outside its validity';
  if (responder.unknownCriticalExtension !== undefined)
    return 'the certificate of its responder holds an unknown critical extension';
  if (
    (judgeSignatureAlgorithm(responder.signatureAlgorithm, policy) ??
      judgePublicKey(responder.publicKeyInfo, policy)) !== undefined
  )
    return 'the key or signature of its responder is too weak';
  spend(input, issuer);
  if (!tryVerify(responder.tbs, responder, issuer))
    return 'the certificate of its responder is not signed by the issuer';
  // RFC 6960 4.2.2.2.1: without nocheck the responder's own status must be known.
  if (responder.extension(extensionOids.ocspNoCheck) !== undefined) return undefined;
  const status = input.statusOfResponder?.(responder).status;
  if (status === 'good') return undefined;
  return status === 'revoked'
    ? 'the certificate of its responder is revoked'
    : 'whether the certificate of its responder is revoked cannot be told (it lacks id-pkix-ocsp-nocheck)';
}
