import { formatDistinguishedName } from '@sluice/domain';
import {
  defaultAlgorithmPolicy,
  judgePublicKey,
  judgeSignatureAlgorithm,
  type AlgorithmPolicy,
} from '../algorithm/algorithm-policy.js';
import { signatureCost, verifySignature } from '../algorithm/verify-signature.js';
import { MalformedCertificate, sameBytes, type Certificate } from '../certificate/certificate.js';
import { allReasons, type DistributionPoint } from '../certificate/decode-extensions.js';
import { type Spending } from '../path/budget.js';
import { type CertificateStatus } from './certificate-status.js';
import { isDeltaFor, matchCrlScope } from './match-crl-scope.js';
import { type CertificateList } from './parse-certificate-list.js';
import { type RevokedCertificate } from './revoked-certificates.js';

/** What a status is established from. */
export interface CrlContext {
  readonly crls: readonly CertificateList[];
  /** Certificates that may belong to CRL issuers. */
  readonly candidates: readonly Certificate[];
  readonly at: number;
  readonly maximumAge: number | undefined;
  readonly clockSkew: number | undefined;
  readonly algorithmPolicy: AlgorithmPolicy | undefined;
  readonly spending: Spending;
  /** Keys (SHA-256 of the SPKI) each CRL was found to be signed by. */
  readonly verifiedCrls: {
    get(list: CertificateList): Set<string> | undefined;
    set(list: CertificateList, keys: Set<string>): void;
  };
  /** Whether a candidate's own path and status are in order (RFC 5280 6.3.3 (f)): undefined if so, else what is wrong. */
  readonly objectionTo: (candidate: Certificate) => string | undefined;
}

/** Names compared to match one distribution point with one CRL, about. */
const scopeComparisons = 8;

/** RFC 5280 6.3.3: the status of a certificate by CRLs. */
export function checkCrlStatus(certificate: Certificate, context: CrlContext): CertificateStatus {
  const remarks: string[] = [];
  let covered = 0;
  let validUntil = Number.POSITIVE_INFINITY;
  const lists = newestFirst(context.crls);
  const deltas = lists.filter((list) => list.isDelta);
  // The synthesized point comes last: CRLs of the issuer that no distribution point names.
  const points: (DistributionPoint | undefined)[] = [...(certificate.crlDistributionPoints ?? []), undefined];
  for (const point of points) {
    for (const list of lists) {
      if (covered === allReasons) break;
      if (list.isDelta) continue;
      context.spending.spend('nameComparisons', scopeComparisons);
      const reasons = matchCrlScope(list, certificate, point);
      if (typeof reasons === 'string') {
        if (list.issuerKey === certificate.issuerKey) note(remarks, list, reasons);
        continue;
      }
      if ((reasons & ~covered) === 0) continue;
      const unusable = findUnusable(list);
      if (unusable !== undefined) {
        note(remarks, list, unusable);
        continue;
      }
      const delta = deltas.find(
        (other) =>
          isDeltaFor(other, list) && findUnusable(other) === undefined && findStale(other, context) === undefined,
      );
      const stale = findStale(list, context);
      if (stale !== undefined && (delta === undefined || isFuture(list, context))) {
        note(remarks, list, stale);
        continue;
      }
      const signer = findSigner(list, context, remarks);
      if (signer === undefined) continue;
      const entry = lookUp(
        certificate,
        list,
        delta !== undefined && isSigned(delta, signer, context) ? delta : undefined,
      );
      if (entry !== undefined)
        return { status: 'revoked', revokedAt: entry.revocationDate, reason: entry.reason, remarks };
      covered |= reasons;
      validUntil = Math.min(validUntil, endOf(delta ?? list, context));
    }
  }
  if (covered === allReasons) return { status: 'good', validUntil, remarks };
  const issuer = formatDistinguishedName(certificate.issuer);
  const problem =
    covered !== 0
      ? 'the CRLs at hand cover only some reasons'
      : remarks.length > 0
        ? remarks.join(', ')
        : `there is no CRL for certificates of "${issuer}"`;
  return { status: 'undetermined', problem, remarks };
}

const sorted = new WeakMap<readonly CertificateList[], readonly CertificateList[]>();

function newestFirst(crls: readonly CertificateList[]): readonly CertificateList[] {
  let lists = sorted.get(crls);
  if (lists?.length !== crls.length) {
    lists = [...crls].sort((a, b) => b.thisUpdate - a.thisUpdate);
    sorted.set(crls, lists);
  }
  return lists;
}

function note(remarks: string[], list: CertificateList, problem: string): void {
  const remark = `the CRL of "${formatDistinguishedName(list.issuer)}" of ${new Date(list.thisUpdate).toISOString()} was not used: ${problem}`;
  if (remarks.length < 8 && !remarks.includes(remark)) remarks.push(remark);
}

/** RFC 5280 5.2 and 5.3: a critical extension that is not processed makes the whole CRL unusable. */
function findUnusable(list: CertificateList): string | undefined {
  const extension = list.unknownCriticalExtension ?? list.revoked.unknownCriticalExtension;
  return extension === undefined ? undefined : `it holds the critical extension ${extension}, which is not known here`;
}

const isFuture = (list: CertificateList, context: CrlContext): boolean =>
  list.thisUpdate > context.at + (context.clockSkew ?? 0);

function findStale(list: CertificateList, context: CrlContext): string | undefined {
  if (isFuture(list, context)) return 'it is not valid yet';
  if (list.nextUpdate !== undefined && context.at > list.nextUpdate)
    return `it should have been replaced at ${new Date(list.nextUpdate).toISOString()}`;
  if (context.maximumAge !== undefined && context.at - list.thisUpdate > context.maximumAge)
    return 'it is older than is allowed here';
  return undefined;
}

function endOf(list: CertificateList, context: CrlContext): number {
  const aged = context.maximumAge === undefined ? Number.POSITIVE_INFINITY : list.thisUpdate + context.maximumAge;
  return Math.min(list.nextUpdate ?? Number.POSITIVE_INFINITY, aged);
}

/** Steps (f) and (g): somebody of the CRL issuer's name who may sign CRLs, is in order, and signed this one (attack 25). */
function findSigner(list: CertificateList, context: CrlContext, remarks: string[]): Certificate | undefined {
  let problem = 'no certificate of its issuer is at hand';
  for (const candidate of likelyFirst(list, context.candidates)) {
    if (!candidate.allowsKeyUsage('cRLSign')) {
      problem = 'its issuer may not sign CRLs (key usage lacks cRLSign)';
      continue;
    }
    const policy = context.algorithmPolicy ?? defaultAlgorithmPolicy;
    const objection =
      judgeSignatureAlgorithm(list.signatureAlgorithm, policy) ?? judgePublicKey(candidate.publicKeyInfo, policy);
    if (objection !== undefined) {
      problem = `its signature or key is too weak (${objection.code})`;
      continue;
    }
    // First the candidate, then the signature: a stranger must not have us hash a large CRL once for every key he sends.
    const rejected = context.objectionTo(candidate);
    if (rejected !== undefined) problem = `its signer was refused: ${rejected}`;
    else if (isSigned(list, candidate, context)) return candidate;
    else problem = 'its signature does not match';
  }
  note(remarks, list, problem);
  return undefined;
}

/** Certificates of the CRL issuer's name, those with the key the CRL hints at first. */
function likelyFirst(list: CertificateList, candidates: readonly Certificate[]): Certificate[] {
  const named = candidates.filter((candidate) => candidate.subjectKey === list.issuerKey);
  const hint = list.authorityKeyIdentifier?.keyIdentifier;
  if (hint === undefined || named.length < 2) return named;
  const fits = (candidate: Certificate): number =>
    candidate.subjectKeyIdentifier !== undefined && sameBytes(candidate.subjectKeyIdentifier, hint) ? 0 : 1;
  return named.sort((a, b) => fits(a) - fits(b));
}

function isSigned(list: CertificateList, signer: Certificate, context: CrlContext): boolean {
  let keys = context.verifiedCrls.get(list);
  if (keys?.has(signer.spkiSha256) === true) return true;
  context.spending.spend('signatures', signatureCost(signer.publicKeyInfo));
  try {
    if (!verifySignature(list.tbs, list.signatureAlgorithm, list.signature, signer.publicKey(), signer.publicKeyInfo))
      return false;
  } catch (error) {
    if (error instanceof MalformedCertificate) return false;
    throw error;
  }
  if (keys === undefined) context.verifiedCrls.set(list, (keys = new Set()));
  keys.add(signer.spkiSha256);
  return true;
}

/** Steps (i), (j), (k): the delta speaks first, and removeFromCRL in it lifts a hold. */
function lookUp(
  certificate: Certificate,
  list: CertificateList,
  delta: CertificateList | undefined,
): RevokedCertificate | undefined {
  const changed = delta?.revoked.find(certificate.issuerKey, certificate.serialNumberBytes);
  if (changed !== undefined) return changed.reason === 'removeFromCRL' ? undefined : changed;
  const entry = list.revoked.find(certificate.issuerKey, certificate.serialNumberBytes);
  return entry?.reason === 'removeFromCRL' ? undefined : entry;
}
