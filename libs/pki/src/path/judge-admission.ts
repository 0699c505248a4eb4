import { type CertificateRefusal } from '@sluice/domain';
import { MalformedCertificate, type Certificate } from '../certificate/certificate.js';
import { strangerBudget } from './budget.js';
import { checkAnchor, checkLeaf } from './check-certificate.js';
import { judgePath } from './judge-path.js';
import { type PathInput } from './path-input.js';
import { initialState } from './path-state.js';
import { refuse, writeTime } from './refuse.js';
import { trustAnchor, type TrustAnchor } from './trust-anchor.js';

/** By what a sender's certificate is judged, at each call and when it is registered. */
export const senderCertificateRules = {
  extendedKeyUsage: 'clientAuth',
  requiredKeyUsage: 'digitalSignature',
  budget: strangerBudget,
} as const satisfies Partial<PathInput>;

/** What the judgement of a path would say of a certificate that is to be registered. */
export interface Admission {
  /** What it would say whatever else happens: the certificate itself is at fault. */
  readonly refusal?: CertificateRefusal;
  /** What it would say now, and may not say later: a root that is not trusted yet, a time that has not come. */
  readonly warnings: readonly CertificateRefusal[];
}

/**
 * Judges a sender's certificate before it is registered, by the very checks of a call.
 * @param known.intermediates those a path may lead through besides what the sender will send
 */
export function judgeSenderAdmission(
  leaf: Certificate,
  known: { readonly anchors: readonly TrustAnchor[]; readonly intermediates: readonly Certificate[] },
  at: number,
): Admission {
  const input: PathInput = { ...senderCertificateRules, ...known, leaf, at: Math.max(at, leaf.notBefore) };
  const refusal = checkLeaf(input) ?? checkPublicKey(leaf);
  if (refusal !== undefined) return { refusal, warnings: [] };
  const judgement = judgePath(input);
  return { warnings: [...notYet(leaf, at), ...(judgement.valid ? [] : [judgement.refusal])] };
}

/** Judges a root before it is trusted: a refusal when no path could ever begin at it. */
export function judgeAnchorAdmission(root: Certificate, at: number): Admission {
  const anchor = trustAnchor(root);
  const input: PathInput = {
    ...senderCertificateRules,
    leaf: root,
    intermediates: [],
    anchors: [anchor],
    at: Math.max(at, root.notBefore),
  };
  const state = initialState(anchor, input);
  const refusal = checkAnchor(anchor, input, false) ?? checkPublicKey(root) ?? ('code' in state ? state : undefined);
  return refusal === undefined ? { warnings: notYet(root, at) } : { refusal, warnings: [] };
}

/** A key that cannot be computed with: a point that is not on its curve. */
function checkPublicKey(certificate: Certificate): CertificateRefusal | undefined {
  try {
    certificate.publicKey();
    return undefined;
  } catch (error) {
    if (error instanceof MalformedCertificate) return refuse('malformed', certificate, { problem: error.problem });
    throw error;
  }
}

const notYet = (certificate: Certificate, at: number): CertificateRefusal[] =>
  at < certificate.notBefore
    ? [refuse('not-yet-valid', certificate, { notBefore: writeTime(certificate.notBefore) })]
    : [];
