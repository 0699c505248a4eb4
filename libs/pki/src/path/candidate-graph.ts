import { formatDistinguishedName, type CertificateRefusal } from '@sluice/domain';
import { signatureCost } from '../algorithm/verify-signature.js';
import { sameBytes, type Certificate } from '../certificate/certificate.js';
import { type Spending } from './budget.js';
import { checkAnchor, checkIntermediate } from './check-certificate.js';
import { isSignedOnLoop } from './deferred-signatures.js';
import { type PathInput } from './path-input.js';
import { refuse } from './refuse.js';
import { type TrustAnchor } from './trust-anchor.js';

/** A certificate that a path may lead through, and those it signed (leaf included) that lead on to the leaf. */
export interface Candidate {
  readonly certificate: Certificate;
  /** Links from the leaf by names: how near it is. */
  readonly distance: number;
  readonly issued: Candidate[];
}

/** An anchor and what it signed. */
export interface AnchoredGraph {
  readonly anchor: TrustAnchor;
  readonly issued: Candidate[];
}

/** Why a candidate is out. Low rank: it failed late, by its own content; high rank: it hangs together by name only. */
export interface Failure {
  readonly refusal: CertificateRefusal;
  readonly rank: number;
  readonly distance: number;
}

/**
 * The part of the pool that links the leaf to the anchors by names and by verified signatures.
 *
 * From the leaf upwards only names are followed; then from the anchors downwards signatures are checked, so only a key
 * that hangs below an anchor is ever computed with. Each certificate of the pool costs at most one check for every key
 * of its issuer's name that is already below an anchor: strangers cannot make the work grow faster than their pool.
 */
export function buildCandidateGraph(input: PathInput, spending: Spending, failures: Failure[]): AnchoredGraph[] {
  const leaf: Candidate = { certificate: input.leaf, distance: 0, issued: [] };
  const relevant = collectByName(input, leaf);
  const graphs: AnchoredGraph[] = [];
  const frontier: { readonly certificate: Certificate; readonly issued: Candidate[] }[] = [];
  for (const anchor of input.anchors) {
    const issuedByName = relevant.get(anchor.certificate.subjectKey);
    if (issuedByName === undefined) continue;
    const refusal = checkAnchor(anchor, input, sameBytes(anchor.certificate.der, input.leaf.der));
    if (refusal !== undefined) {
      failures.push({ refusal, rank: 1, distance: (issuedByName[0] as Candidate).distance + 1 });
      continue;
    }
    const graph: AnchoredGraph = { anchor, issued: [] };
    graphs.push(graph);
    frontier.push({ certificate: anchor.certificate, issued: graph.issued });
  }

  const objections = new Map<Candidate, CertificateRefusal | undefined>();
  const reached = new Set<Candidate>();
  // A CA may have many certificates and one key: what matters is the key.
  const checked = new Map<Candidate, { readonly spki: Uint8Array; readonly signed: boolean }[]>();
  const isChildOf = (child: Candidate, issuer: Certificate): boolean => {
    const known = checked.get(child)?.find(({ spki }) => sameBytes(spki, issuer.spki));
    if (known !== undefined) return known.signed;
    const signed = isSignedBy(child.certificate, issuer, input, spending, child !== leaf);
    if (!signed) failures.push(badSignature(child, issuer));
    const entry = { spki: issuer.spki, signed };
    const entries = checked.get(child);
    if (entries === undefined) checked.set(child, [entry]);
    else entries.push(entry);
    return signed;
  };
  for (let parent = frontier.shift(); parent !== undefined; parent = frontier.shift()) {
    for (const child of relevant.get(parent.certificate.subjectKey) ?? []) {
      if (child === parent) continue;
      if (child !== leaf) {
        if (!objections.has(child)) {
          const refusal = checkIntermediate(child.certificate, input);
          objections.set(child, refusal);
          if (refusal !== undefined) failures.push({ refusal, rank: 1, distance: child.distance });
        }
        if (objections.get(child) !== undefined) continue;
      }
      if (!isChildOf(child, parent.certificate)) continue;
      parent.issued.push(child);
      if (child === leaf || reached.has(child)) continue;
      reached.add(child);
      frontier.push(child);
    }
  }
  if (graphs.length === 0) failures.push(missingIssuer(relevant, leaf, input));
  keepWhatReachesLeaf(graphs, leaf);
  return graphs;
}

const badSignature = (child: Candidate, issuer: Certificate): Failure => ({
  refusal: refuse('bad-signature', child.certificate, {
    issuer: formatDistinguishedName(issuer.subject),
    issuerSha256: issuer.sha256,
  }),
  rank: 2,
  distance: child.distance,
});

/** Where the chain breaks off by names: the topmost certificate whose issuer is neither trusted nor in the pool. */
function missingIssuer(
  relevant: ReadonlyMap<string, readonly Candidate[]>,
  leaf: Candidate,
  input: PathInput,
): Failure {
  const subjects = new Set([...relevant.values()].flat().map((candidate) => candidate.certificate.subjectKey));
  let top = leaf;
  for (const candidate of [...relevant.values()].flat()) {
    const { issuerKey, isSelfIssued } = candidate.certificate;
    const missing =
      isSelfIssued ||
      (candidate !== leaf && !subjects.has(issuerKey)) ||
      (candidate === leaf && !input.intermediates.some((other) => other.subjectKey === issuerKey));
    if (missing && candidate.distance >= top.distance) top = candidate;
  }
  const { certificate } = top;
  return {
    refusal: certificate.isSelfIssued
      ? refuse('untrusted-root', certificate)
      : refuse('unknown-issuer', certificate, { issuer: formatDistinguishedName(certificate.issuer) }),
    rank: 3,
    distance: top.distance,
  };
}

/** Everything the leaf may hang below by names, grouped by issuer name; breadth first, so `distance` is the shortest. */
function collectByName(input: PathInput, leaf: Candidate): Map<string, Candidate[]> {
  const pool = new Map<string, Certificate[]>();
  for (const certificate of input.intermediates) {
    const same = pool.get(certificate.subjectKey);
    if (same === undefined) pool.set(certificate.subjectKey, [certificate]);
    else if (!same.some((other) => sameBytes(other.der, certificate.der))) same.push(certificate);
  }
  const byIssuer = new Map<string, Candidate[]>();
  const queue: Candidate[] = [leaf];
  for (let at = 0; at < queue.length; at++) {
    const candidate = queue[at] as Candidate;
    const { issuerKey } = candidate.certificate;
    const siblings = byIssuer.get(issuerKey);
    if (siblings !== undefined) {
      siblings.push(candidate);
      continue;
    }
    byIssuer.set(issuerKey, [candidate]);
    for (const certificate of pool.get(issuerKey) ?? []) {
      if (sameBytes(certificate.der, leaf.certificate.der)) continue;
      // The anchor itself, sent along as servers do, adds nothing.
      if (input.anchors.some((anchor) => sameBytes(anchor.certificate.der, certificate.der))) continue;
      queue.push({ certificate, distance: candidate.distance + 1, issued: [] });
    }
  }
  return byIssuer;
}

/** Whether the child carries a signature by the issuer's key; the answer for CAs is remembered across judgements. */
export function isSignedBy(
  child: Certificate,
  issuer: Certificate,
  input: Pick<PathInput, 'signatureCache' | 'deferredSignatures'>,
  spending: Spending,
  remember: boolean,
): boolean {
  const cache = remember ? input.signatureCache : undefined;
  if (cache?.has(child.sha256, issuer.spkiSha256) === true) return true;
  spending.spend('signatures', signatureCost(issuer.publicKeyInfo));
  const signed = input.deferredSignatures?.isSigned(child, issuer) ?? isSignedOnLoop(child, issuer);
  if (signed) cache?.add(child.sha256, issuer.spkiSha256);
  return signed;
}

/** Cuts what does not lead to the leaf, so that no search walks into a part without an exit. */
function keepWhatReachesLeaf(graphs: readonly AnchoredGraph[], leaf: Candidate): void {
  const issuers = new Map<Candidate, Candidate[]>();
  const seen = new Set<Candidate>();
  const queue = graphs.flatMap((graph) => graph.issued);
  for (let candidate = queue.pop(); candidate !== undefined; candidate = queue.pop()) {
    if (seen.has(candidate)) continue;
    seen.add(candidate);
    for (const child of candidate.issued) {
      const known = issuers.get(child);
      if (known === undefined) issuers.set(child, [candidate]);
      else known.push(candidate);
      queue.push(child);
    }
  }
  const reaching = new Set<Candidate>([leaf]);
  const upwards = [leaf];
  for (let candidate = upwards.pop(); candidate !== undefined; candidate = upwards.pop()) {
    for (const issuer of issuers.get(candidate) ?? []) {
      if (reaching.has(issuer)) continue;
      reaching.add(issuer);
      upwards.push(issuer);
    }
  }
  const nearestFirst = (issued: Candidate[]): void => {
    const kept = issued.filter((child) => reaching.has(child)).sort((a, b) => a.distance - b.distance);
    issued.splice(0, issued.length, ...kept);
  };
  for (const graph of graphs) nearestFirst(graph.issued);
  for (const candidate of seen) nearestFirst(candidate.issued);
}
