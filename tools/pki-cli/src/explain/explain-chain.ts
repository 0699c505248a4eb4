import { type CertificateRefusal } from '@sluice/domain';
import {
  judgePath,
  MalformedCertificate,
  parseCertificate,
  trustAnchor,
  type Certificate,
  type CertificateList,
  type OcspAnswer,
} from '@sluice/pki';
import { formatDistinguishedName } from '@sluice/domain';
import { describeCertificate, type CertificateDescription } from './describe-certificate.js';

export interface Explanation {
  readonly at: string;
  /** The end certificate first; one that cannot be parsed has only `problem`. */
  readonly certificates: readonly (CertificateDescription | { readonly problem: string })[];
  readonly verdict: 'valid' | 'invalid';
  /** The chain from the end certificate to the trusted root, if there is one. */
  readonly path: readonly { readonly subject: string; readonly sha256: string }[];
  readonly validUntil: string | null;
  readonly refusals: readonly CertificateRefusal[];
  readonly remarks: readonly string[];
}

export interface ExplainInput {
  /** DER, the end certificate first, the rest of its chain after it. */
  readonly chain: readonly Uint8Array[];
  /** DER of trusted roots. Empty: self-signed certificates of the chain are taken for trusted, and that is remarked. */
  readonly roots: readonly Uint8Array[];
  readonly crls: readonly CertificateList[];
  readonly ocspAnswers: readonly OcspAnswer[];
  /** Epoch milliseconds. */
  readonly at: number;
  /** Extended key usage to ask for; undefined: none. */
  readonly usage: string | undefined;
}

type Parsed = Certificate | { readonly problem: string };

const isParsed = (parsed: Parsed): parsed is Certificate => !('problem' in parsed);

/** Tells what is right and wrong with a certificate and its chain. */
export function explainChain(input: ExplainInput): Explanation {
  const parsed = input.chain.map(tryParse);
  const roots = input.roots.map(tryParse).filter(isParsed);
  const remarks: string[] = [];
  for (const [index, each] of parsed.entries())
    if (!isParsed(each) && index > 0) remarks.push(`certificate ${index + 1} of the file is not used: ${each.problem}`);
  const [leaf, ...rest] = parsed;
  const certificates = parsed.map((each, index) =>
    isParsed(each) ? describeCertificate(each, input.at, index === 0 ? 'leaf' : 'authority') : each,
  );
  const base = { at: new Date(input.at).toISOString(), certificates, path: [], validUntil: null };
  if (leaf === undefined || !isParsed(leaf))
    return {
      ...base,
      verdict: 'invalid',
      refusals: [],
      remarks: [...remarks, leaf === undefined ? 'the file holds no certificate' : leaf.problem],
    };

  const pool = rest.filter(isParsed);
  let anchors = roots;
  if (anchors.length === 0) {
    anchors = [leaf, ...pool].filter((certificate) => certificate.isSelfIssued);
    if (anchors.length > 0)
      remarks.push(
        `no trusted root was given: "${anchors.map((anchor) => formatDistinguishedName(anchor.subject)).join('", "')}" of the file is taken for trusted`,
      );
  }
  const judgement = judgePath({
    leaf,
    intermediates: pool,
    anchors: anchors.map((certificate) => trustAnchor(certificate)),
    at: input.at,
    ...(input.usage !== undefined && { extendedKeyUsage: input.usage }),
    ...((input.crls.length > 0 || input.ocspAnswers.length > 0) && {
      revocation: { crls: input.crls, ocspAnswers: input.ocspAnswers, failure: 'hard' as const },
    }),
  });
  if (!judgement.valid)
    return { ...base, verdict: 'invalid', refusals: judgement.attempts, remarks: [...remarks, ...judgement.remarks] };
  if (input.crls.length === 0 && input.ocspAnswers.length === 0)
    remarks.push('whether a certificate is revoked was not looked at: give CRLs with --crl');
  return {
    ...base,
    verdict: 'valid',
    path: judgement.path.map((certificate) => ({
      subject: formatDistinguishedName(certificate.subject),
      sha256: certificate.sha256,
    })),
    validUntil: new Date(judgement.validUntil).toISOString(),
    refusals: [],
    remarks: [...remarks, ...judgement.remarks],
  };
}

function tryParse(der: Uint8Array): Parsed {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof MalformedCertificate) return { problem: error.message };
    throw error;
  }
}
