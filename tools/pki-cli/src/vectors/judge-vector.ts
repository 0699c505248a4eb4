import {
  decodePem,
  decodePemBlocks,
  defaultAlgorithmPolicy,
  judgePath,
  judgeRevocation,
  MalformedCertificate,
  MalformedCertificateList,
  MalformedPem,
  parseCertificate,
  parseCertificateList,
  trustAnchor,
  type AnchorEnforcement,
  type Certificate,
  type CertificateList,
  type PathInput,
  type PathJudgement,
  type SignatureCache,
} from '@sluice/pki';
import { type VectorCase } from './vector-case.js';

export interface VectorVerdict {
  readonly id: string;
  readonly verdict: 'valid' | 'invalid';
  /** Refusal code and sentence, or the policies the path is valid for. */
  readonly reason: string;
  readonly ms: number;
}

/** RFC 5937 knows no demand for basicConstraints in an anchor, so these modes make none. */
const anchorModes: Record<string, Partial<AnchorEnforcement>> = {
  'subject-and-key-only': { validity: false, constraints: false },
  'enforce-expiry': { validity: true, constraints: false },
  'enforce-constraints': { validity: false, constraints: true, basicConstraints: false },
  'enforce-expiry-and-constraints': { validity: true, constraints: true, basicConstraints: false },
};

/** Judges one case. The time counts from the PEM text to the verdict. */
export function judgeVector(vector: VectorCase, signatureCache?: SignatureCache): VectorVerdict {
  const start = performance.now();
  const { verdict, reason } = decide(vector, signatureCache);
  return { id: vector.id, verdict, reason, ms: Math.round((performance.now() - start) * 1000) / 1000 };
}

function decide(
  vector: VectorCase,
  signatureCache: SignatureCache | undefined,
): { verdict: 'valid' | 'invalid'; reason: string } {
  let leaf: Certificate;
  try {
    leaf = parseCertificate(decodePem(vector.leaf)[0] as Uint8Array);
  } catch (error) {
    if (error instanceof MalformedCertificate || error instanceof MalformedPem)
      return { verdict: 'invalid', reason: `${error.code}: ${error.message}` };
    throw error;
  }
  const intermediates = readCertificates(vector.intermediates);
  const anchors = readCertificates(vector.trust_anchors);
  const { lists: crls, malformed } = readLists(vector.crls);
  const at = vector.validation_time === null ? anyTime(leaf) : Date.parse(vector.validation_time);
  const mode = vector.policy_inputs?.trust_anchor_mode;
  const trustAnchors = anchors.map((certificate) =>
    trustAnchor(certificate, mode === undefined ? {} : anchorModes[mode]),
  );
  if (vector.features.includes('crl-check-only')) {
    const issuers = [...anchors, ...intermediates];
    const status = judgeRevocation({
      certificate: leaf,
      issuers,
      at,
      revocation: {
        crls,
        failure: 'hard',
        ...(vector.features.includes('crl-max-age-7d') && { maximumAge: 7 * 24 * 3600 * 1000 }),
      },
      algorithmPolicy: { ...defaultAlgorithmPolicy, rsaMinimumBits: 512 },
    });
    return {
      verdict: status.status === 'good' ? 'valid' : 'invalid',
      reason: [status.status, ...status.remarks, ...malformed].join('; '),
    };
  }
  const usages = vector.eku.length === 0 ? [undefined] : vector.eku;
  let judgement: PathJudgement | undefined;
  for (const extendedKeyUsage of usages) {
    judgement = judgePath({
      leaf,
      intermediates,
      anchors: trustAnchors,
      at,
      ...(extendedKeyUsage !== undefined && { extendedKeyUsage }),
      absentExtendedKeyUsage: 'accept',
      anyExtendedKeyUsage: 'accept',
      ...(vector.max_depth !== null && { maxDepth: vector.max_depth }),
      ...(vector.policy_inputs && { policyInputs: policyInputs(vector.policy_inputs) }),
      ...(vector.crls.length > 0 && { revocation: { crls, failure: 'hard' } }),
      ...(signatureCache && { signatureCache }),
    } satisfies PathInput);
    if (!judgement.valid) break;
  }
  if (judgement === undefined || !judgement.valid)
    return {
      verdict: 'invalid',
      reason: [
        `${judgement?.refusal.code}: ${judgement?.refusal.sentence}`,
        ...(judgement?.remarks ?? []),
        ...malformed,
      ].join('; '),
    };
  return { verdict: 'valid', reason: `policies ${judgement.policies.join(' ')}` };
}

function policyInputs(inputs: NonNullable<VectorCase['policy_inputs']>): NonNullable<PathInput['policyInputs']> {
  return {
    ...(inputs.initial_policy_set && { initialPolicySet: inputs.initial_policy_set }),
    initialExplicitPolicy: inputs.initial_explicit_policy ?? false,
    initialPolicyMappingInhibit: inputs.initial_policy_mapping_inhibit ?? false,
    initialInhibitAnyPolicy: inputs.initial_inhibit_any_policy ?? false,
  };
}

/** A time at which the leaf is valid, now if possible: the case says that any will do. */
function anyTime(leaf: Certificate): number {
  const now = Date.now();
  return now >= leaf.notBefore && now <= leaf.notAfter ? now : (leaf.notBefore + leaf.notAfter) / 2;
}

/** Certificates of the pool that can be read; one that is malformed is no help and no harm. */
function readCertificates(pems: readonly string[]): Certificate[] {
  return pems.flatMap((pem) => {
    try {
      return decodePem(pem).map(parseCertificate);
    } catch (error) {
      if (error instanceof MalformedCertificate || error instanceof MalformedPem) return [];
      throw error;
    }
  });
}

function readLists(pems: readonly string[]): { lists: CertificateList[]; malformed: string[] } {
  const lists: CertificateList[] = [];
  const malformed: string[] = [];
  for (const pem of pems) {
    try {
      for (const { der } of decodePemBlocks(pem)) lists.push(parseCertificateList(der));
    } catch (error) {
      if (!(error instanceof MalformedCertificateList) && !(error instanceof MalformedPem)) throw error;
      malformed.push(error.message);
    }
  }
  return { lists, malformed };
}
