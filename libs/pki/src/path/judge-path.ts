import { formatDistinguishedName, refuseCertificate, type CertificateRefusal } from '@sluice/domain';
import { type Certificate } from '../certificate/certificate.js';
import { judgePathRevocation } from '../revocation/judge-path-revocation.js';
import { defaultBudget, OverBudget, Spending } from './budget.js';
import { buildCandidateGraph, type Candidate, type Failure } from './candidate-graph.js';
import { checkLeaf } from './check-certificate.js';
import { type PathInput, type PathJudgement } from './path-input.js';
import { finishWithLeaf, initialState, passAuthority, type PathState } from './path-state.js';
import { refuse } from './refuse.js';
import { type TrustAnchor } from './trust-anchor.js';

const maxAttempts = 16;
const revocationSteps = 50;

/**
 * Judges a certificate by RFC 5280 section 6: finds a path from an anchor to the leaf through the untrusted pool that
 * passes every rule, or tells why the nearest one does not. Synchronous and bounded by the budget; throws nothing for
 * bad certificates.
 */
export function judgePath(input: PathInput): PathJudgement {
  const spending = input.spending ?? new Spending(input.budget ?? defaultBudget);
  const failures: Failure[] = [];
  const remarks: string[] = [];
  try {
    return search(input, spending, failures, remarks);
  } catch (error) {
    if (!(error instanceof OverBudget)) throw error;
    const refusal = refuseCertificate('over-budget', input.leaf.describe(), {
      limit: error.limit,
      allowed: error.allowed,
    });
    return { valid: false, refusal, attempts: [refusal, ...ranked(failures)].slice(0, maxAttempts), remarks };
  }
}

function search(input: PathInput, spending: Spending, failures: Failure[], remarks: string[]): PathJudgement {
  // A judgement within another has paid for its pool already.
  if (input.spending === undefined) {
    spending.spend('certificates', input.intermediates.length);
    let bytes = input.leaf.der.length;
    for (const certificate of input.intermediates) bytes += certificate.der.length;
    spending.spend('bytes', bytes);
  }

  // The leaf's own faults cost nothing to find, and no path would mend them.
  const fault = checkLeaf(input);
  if (fault !== undefined) return refused([fault], remarks);
  if (input.anchors.length === 0)
    return refused([refuseCertificate('no-trust-anchor', input.leaf.describe())], remarks);

  for (const graph of buildCandidateGraph(input, spending, failures)) {
    if (graph.issued.length === 0) continue;
    const state = initialState(graph.anchor, input);
    if ('code' in state) {
      failures.push({ refusal: state, rank: 0, distance: (graph.issued[0] as Candidate).distance + 1 });
      continue;
    }
    const found = descend(graph.anchor, graph.issued, state, [graph.anchor.certificate], {
      input,
      spending,
      failures,
      remarks,
    });
    if (found !== undefined) return found;
  }
  const attempts = ranked(failures);
  return refused(
    // Stryker disable next-line all: from an anchor that issued by name a path leads down to the leaf, or a failure says where it ends
    attempts.length > 0
      ? attempts
      : // Stryker disable next-line all: as above
        [refuse('unknown-issuer', input.leaf, { issuer: formatDistinguishedName(input.leaf.issuer) })],
    remarks,
  );
}

function refused(attempts: readonly CertificateRefusal[], remarks: readonly string[]): PathJudgement {
  return {
    valid: false,
    refusal: attempts[0] as CertificateRefusal,
    attempts: attempts.slice(0, maxAttempts),
    remarks,
  };
}

function ranked(failures: readonly Failure[]): CertificateRefusal[] {
  return [...failures].sort((a, b) => a.rank - b.rank || a.distance - b.distance).map((failure) => failure.refusal);
}

interface Search {
  readonly input: PathInput;
  readonly spending: Spending;
  readonly failures: Failure[];
  readonly remarks: string[];
}

/** Tries every way down from a CA (`below` it, the last of `path`), nearest to the leaf first. Anchor first in `path`. */
function descend(
  anchor: TrustAnchor,
  below: readonly Candidate[],
  state: PathState,
  path: readonly Certificate[],
  search: Search,
): PathJudgement | undefined {
  const { input, spending, failures } = search;
  for (const candidate of below) {
    spending.spend('steps', 1);
    const { certificate } = candidate;
    if (certificate === input.leaf) {
      const judgement = conclude(anchor, state, path, search);
      // Stryker disable next-line ConditionalExpression: no sibling leads to the leaf too, but by a loop: its issuer has one name and key
      if (judgement !== undefined) return judgement;
      continue;
    }
    // RFC 4158 5.2: one name with one key twice in a path is a loop, whatever else differs.
    if (
      path.some(
        (above) => above.subjectKey === certificate.subjectKey && Buffer.compare(above.spki, certificate.spki) === 0,
      )
    )
      continue;
    const next = passAuthority(certificate, state, input, spending);
    if ('code' in next) {
      failures.push({ refusal: next, rank: 0, distance: candidate.distance });
      continue;
    }
    const judgement = descend(anchor, candidate.issued, next, [...path, certificate], search);
    if (judgement !== undefined) return judgement;
  }
  return undefined;
}

/** The leaf at the end of a path of CAs: the last rules, then revocation. */
function conclude(
  anchor: TrustAnchor,
  state: PathState,
  authorities: readonly Certificate[],
  search: Search,
): PathJudgement | undefined {
  const { input, spending, failures, remarks } = search;
  const finished = finishWithLeaf(state, input, spending);
  if ('code' in finished) {
    failures.push({ refusal: finished, rank: 0, distance: 0 });
    return undefined;
  }
  const path = [input.leaf, ...[...authorities].reverse()];
  let validUntil = anchor.enforce.validity ? anchor.certificate.notAfter : Number.POSITIVE_INFINITY;
  for (const certificate of path.slice(0, -1)) validUntil = Math.min(validUntil, certificate.notAfter);
  const revocation = typeof input.revocation === 'function' ? input.revocation(anchor) : input.revocation;
  if (revocation !== undefined) {
    // Costs far more than a step down, and a path that fails here is followed by the next one.
    spending.spend('steps', revocationSteps);
    const status = judgePathRevocation(path, anchor, input, revocation, spending, judgePath);
    remarks.push(...status.remarks);
    if (status.refusal !== undefined) {
      failures.push({
        refusal: status.refusal,
        rank: 0,
        // Stryker disable next-line OptionalChaining: the refusal of a path's revocation is there, and always names the certificate
        distance: path.findIndex((certificate) => certificate.sha256 === status.refusal?.certificate?.sha256),
      });
      return undefined;
    }
    validUntil = Math.min(validUntil, status.validUntil);
  }
  return { valid: true, path, anchor, validUntil, policies: finished.policies, remarks };
}
