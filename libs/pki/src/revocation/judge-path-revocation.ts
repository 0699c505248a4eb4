import { type CertificateRefusal } from '@sluice/domain';
import { type AlgorithmPolicy } from '../algorithm/algorithm-policy.js';
import { sameBytes, type Certificate } from '../certificate/certificate.js';
import { defaultBudget, OverBudget, Spending } from '../path/budget.js';
import { type PathInput, type PathJudgement } from '../path/path-input.js';
import { refuse, writeTime } from '../path/refuse.js';
import { type TrustAnchor } from '../path/trust-anchor.js';
import { type CertificateStatus } from './certificate-status.js';
import { judgeOcspResponse } from './judge-ocsp-response.js';
import { checkCrlStatus, type CrlContext } from './check-crl-status.js';
import { namesCertificate } from './ocsp-certificate-id.js';
import { type CertificateList } from './parse-certificate-list.js';
import { type OcspAnswer } from './parse-ocsp-response.js';
import { type RevocationInputs } from './revocation-inputs.js';

export interface PathRevocation {
  readonly refusal?: CertificateRefusal;
  /** Epoch milliseconds. */
  readonly validUntil: number;
  readonly remarks: readonly string[];
}

/** Signatures of CRLs found good: kept as long as the CRLs themselves are. */
const verifiedCrls = new WeakMap<CertificateList, Set<string>>();
const verified = {
  get: (list: CertificateList) => verifiedCrls.get(list),
  set: (list: CertificateList, keys: Set<string>) => void verifiedCrls.set(list, keys),
};

/** What judging a CRL issuer costs, in steps of a path search. */
const signerSteps = 10;

/**
 * The status of every certificate on a path below the anchor.
 * @param judge judges the path of a CRL issuer (passed in, for that is the judgement this one is part of)
 */
export function judgePathRevocation(
  path: readonly Certificate[],
  anchor: TrustAnchor,
  input: PathInput,
  revocation: RevocationInputs,
  spending: Spending,
  judge: (input: PathInput) => PathJudgement,
): PathRevocation {
  const candidates = distinct([...path, ...input.intermediates, ...(revocation.issuerCertificates ?? [])]);
  const settled = new Map<Certificate, string | undefined>();
  const open = new Set<Certificate>();
  const established = new Set<Certificate>();
  let signersUntil = Number.POSITIVE_INFINITY;
  const mustBeKnown = revocation.failure === 'hard' && revocation.scope !== 'leaf';
  const context: CrlContext = {
    crls: revocation.crls,
    candidates,
    at: input.at,
    maximumAge: revocation.maximumAge,
    clockSkew: revocation.clockSkew,
    algorithmPolicy: input.algorithmPolicy,
    spending,
    verifiedCrls: verified,
    objectionTo: (candidate) => {
      if (candidate === anchor.certificate) return undefined;
      // Already on the way down: a CRL issuer whose own status rests on its own CRL. The CRL itself is still looked at.
      if (open.has(candidate)) return undefined;
      if (settled.has(candidate)) return settled.get(candidate);
      open.add(candidate);
      const objection = objectionToSigner(candidate);
      open.delete(candidate);
      // While another one is open the answer rests on its being in order, which is not known yet.
      if (open.size === 0) settled.set(candidate, objection);
      return objection;
    },
  };

  /** RFC 5280 6.3.3 (f): the CRL issuer's path must end in the same anchor; its certificates must not be revoked either. */
  function objectionToSigner(candidate: Certificate): string | undefined {
    spending.spend('steps', signerSteps);
    const onPath = path.indexOf(candidate);
    const below = onPath >= 0 ? path.slice(onPath, -1) : undefined;
    let signers = below;
    if (signers === undefined) {
      const {
        revocation: _revocation,
        extendedKeyUsage: _usage,
        requiredKeyUsage: _keyUsage,
        maxDepth: _depth,
        policyInputs: _policies,
        ...rest
      } = input;
      const judgement = judge({ ...rest, leaf: candidate, intermediates: candidates, anchors: [anchor], spending });
      if (!judgement.valid) return judgement.refusal.sentence;
      signers = judgement.path.slice(0, -1);
    }
    for (const certificate of signers) {
      if (established.has(certificate)) continue;
      const status = checkCrlStatus(certificate, context);
      signersUntil = Math.min(
        signersUntil,
        certificate.notAfter,
        status.status === 'good' ? status.validUntil : Number.POSITIVE_INFINITY,
      );
      if (status.status === 'revoked') return 'its certificate is revoked';
      if (status.status === 'undetermined' && mustBeKnown) return 'whether its certificate is revoked cannot be told';
    }
    return undefined;
  }

  let validUntil = Number.POSITIVE_INFINITY;
  const remarks: string[] = [];
  const checked = revocation.scope === 'leaf' ? path.slice(0, 1) : path.slice(0, -1);
  // From the anchor down: the status of what is below rests on what is above.
  for (const certificate of [...checked].reverse()) {
    // A trust anchor that is its own leaf has nobody above who could revoke it.
    if (sameBytes(certificate.der, anchor.certificate.der)) continue;
    const issuer = path[path.indexOf(certificate) + 1] as Certificate;
    const status = combine(
      checkCrlStatus(certificate, context),
      (revocation.ocspAnswers ?? [])
        .filter((answer) => answer.answers.some((single) => namesCertificate(single.id, certificate, issuer)))
        .map((answer) =>
          judgeOcspResponse({
            answer,
            certificate,
            issuer,
            at: input.at,
            ...(revocation.maximumAge !== undefined && { maximumAge: revocation.maximumAge }),
            ...(revocation.clockSkew !== undefined && { clockSkew: revocation.clockSkew }),
            ...(input.algorithmPolicy && { algorithmPolicy: input.algorithmPolicy }),
            statusOfResponder: (responder) => checkCrlStatus(responder, context),
            spending,
          }),
        ),
    );
    for (const remark of status.remarks) if (!remarks.includes(remark)) remarks.push(remark);
    const refusal = refusalOf(certificate, status, revocation.failure);
    if (refusal !== undefined) return { refusal, validUntil, remarks };
    established.add(certificate);
    if (status.status === 'good') validUntil = Math.min(validUntil, status.validUntil);
  }
  return { validUntil: Math.min(validUntil, signersUntil), remarks };
}

/** Revoked by any source is revoked; good by any is good; when good by several, until the first of them ends. */
function combine(byCrl: CertificateStatus, byOcsp: readonly CertificateStatus[]): CertificateStatus {
  const all = [byCrl, ...byOcsp];
  const revoked = all.find((status) => status.status === 'revoked');
  if (revoked !== undefined) return revoked;
  const good = all.filter((status) => status.status === 'good');
  if (good.length > 0)
    return {
      status: 'good',
      validUntil: Math.min(...good.map((status) => status.validUntil)),
      remarks: all.flatMap((status) => status.remarks),
    };
  // Where no CRL was at hand at all, what is wrong with the answer is the better explanation.
  const [answered = byCrl] = byOcsp;
  return { ...(byCrl.remarks.length === 0 ? answered : byCrl), remarks: all.flatMap((status) => status.remarks) };
}

function refusalOf(
  certificate: Certificate,
  status: CertificateStatus,
  failure: 'hard' | 'soft',
): CertificateRefusal | undefined {
  if (status.status === 'revoked')
    return refuse('revoked', certificate, { revokedAt: writeTime(status.revokedAt), reason: status.reason });
  if (status.status === 'undetermined' && failure === 'hard')
    return refuse('revocation-undetermined', certificate, { problem: status.problem });
  return undefined;
}

function distinct(certificates: readonly Certificate[]): Certificate[] {
  const kept: Certificate[] = [];
  for (const certificate of certificates)
    if (!kept.some((other) => sameBytes(other.der, certificate.der))) kept.push(certificate);
  return kept;
}

/**
 * The status of one certificate by CRLs alone, when the CRL issuers' certificates are already trusted: for tools, and for
 * whoever validated them elsewhere. No path is judged.
 */
export function judgeRevocation(input: {
  readonly certificate: Certificate;
  /** Certificates that are trusted to be those of CRL issuers. */
  readonly issuers: readonly Certificate[];
  readonly at: number;
  readonly revocation: RevocationInputs;
  readonly algorithmPolicy?: AlgorithmPolicy;
}): CertificateStatus {
  const context = contextOf(input);
  return withinBudget('there are too many CRLs and signers to try', () => checkCrlStatus(input.certificate, context));
}

/**
 * The status of one certificate by one OCSP answer, before the answer is kept: who may sign it, for whom it speaks, whether it
 * is fresh. `issuers` (the path of the certificate, and issuers the policy names) are trusted to have signed the CRLs that
 * tell of a delegated responder; what rests on the answer is judged again with the whole path.
 */
export function judgeOcspAnswer(input: {
  readonly answer: OcspAnswer;
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly issuers: readonly Certificate[];
  readonly at: number;
  readonly revocation: RevocationInputs;
  readonly algorithmPolicy?: AlgorithmPolicy;
}): CertificateStatus {
  const { answer, certificate, issuer, at, revocation, algorithmPolicy } = input;
  const context = contextOf(input);
  return withinBudget('it holds too many certificates to try', () =>
    judgeOcspResponse({
      answer,
      certificate,
      issuer,
      at,
      ...(revocation.maximumAge !== undefined && { maximumAge: revocation.maximumAge }),
      ...(revocation.clockSkew !== undefined && { clockSkew: revocation.clockSkew }),
      ...(algorithmPolicy && { algorithmPolicy }),
      statusOfResponder: (responder) => checkCrlStatus(responder, context),
      spending: context.spending,
    }),
  );
}

function contextOf(input: {
  readonly issuers: readonly Certificate[];
  readonly at: number;
  readonly revocation: RevocationInputs;
  readonly algorithmPolicy?: AlgorithmPolicy;
}): CrlContext {
  return {
    crls: input.revocation.crls,
    candidates: distinct([...input.issuers, ...(input.revocation.issuerCertificates ?? [])]),
    at: input.at,
    maximumAge: input.revocation.maximumAge,
    clockSkew: input.revocation.clockSkew,
    algorithmPolicy: input.algorithmPolicy,
    spending: new Spending(defaultBudget),
    verifiedCrls: verified,
    objectionTo: () => undefined,
  };
}

function withinBudget(problem: string, judge: () => CertificateStatus): CertificateStatus {
  try {
    return judge();
  } catch (error) {
    if (error instanceof OverBudget) return { status: 'undetermined', problem, remarks: [] };
    throw error;
  }
}
