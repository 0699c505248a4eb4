import { type CertificateRefusal } from '@sluice/domain';
import { type Certificate } from '../certificate/certificate.js';
import { anyPolicy, type NameConstraints } from '../certificate/decode-extensions.js';
import { type Spending } from './budget.js';
import { checkNameConstraints } from './check-name-constraints.js';
import { type PathInput } from './path-input.js';
import {
  assertPolicies,
  initialPolicyGraph,
  isEmpty,
  mapPolicies,
  userConstrainedPolicies,
  type PolicyGraph,
} from './policy-graph.js';
import { refuse } from './refuse.js';
import { type TrustAnchor } from './trust-anchor.js';

/** The state variables of RFC 5280 6.1.2 below one CA; immutable, so a search can go back to it. */
export interface PathState {
  readonly policies: PolicyGraph;
  readonly explicitPolicy: number;
  readonly policyMapping: number;
  readonly inhibitAnyPolicy: number;
  readonly maxPathLength: number;
  /** CAs so far that are not self-issued, the anchor not counted. */
  readonly depth: number;
  /** permitted_subtrees and excluded_subtrees: one entry for each CA, a name must satisfy every one of them. */
  readonly constraints: readonly NameConstraints[];
}

const unlimited = 0x7fffffff;

/** RFC 5280 6.1.2, with what the anchor's own certificate adds where it is enforced (RFC 5937 section 3.2). */
export function initialState(anchor: TrustAnchor, input: PathInput): PathState | CertificateRefusal {
  const policyInputs = input.policyInputs ?? {};
  const state: PathState = {
    policies: initialPolicyGraph,
    explicitPolicy: policyInputs.initialExplicitPolicy === true ? 0 : unlimited,
    policyMapping: policyInputs.initialPolicyMappingInhibit === true ? 0 : unlimited,
    inhibitAnyPolicy: policyInputs.initialInhibitAnyPolicy === true ? 0 : unlimited,
    maxPathLength: unlimited,
    depth: 0,
    constraints: [],
  };
  if (!anchor.enforce.constraints) return state;
  const { certificate } = anchor;
  const asserted =
    certificate.policies === undefined ? state.policies : assertPolicies(state.policies, certificate.policies, true);
  return narrow(certificate, { ...state, policies: asserted });
}

/** Steps 6.1.3 and 6.1.4 for a CA certificate: the state below it, or why the path ends here. */
export function passAuthority(
  certificate: Certificate,
  state: PathState,
  input: PathInput,
  spending: Spending,
): PathState | CertificateRefusal {
  const selfIssued = certificate.isSelfIssued;
  if (!selfIssued) {
    const objection = checkNameConstraints(certificate, state.constraints, spending);
    if (objection !== undefined) return refuse(objection.code, certificate, objection.values);
  }
  const policies = assertPolicies(state.policies, certificate.policies, state.inhibitAnyPolicy > 0 || selfIssued);
  if (state.explicitPolicy === 0 && isEmpty(policies)) return refusePolicy(certificate, input);
  if (!selfIssued && state.maxPathLength === 0) return refuse('path-length-exceeded', certificate, { allowed: 0 });
  const depth = state.depth + (selfIssued ? 0 : 1);
  if (input.maxDepth !== undefined && depth > input.maxDepth)
    return refuse('depth-exceeded', certificate, { allowed: input.maxDepth });
  const step = selfIssued ? 0 : 1;
  const down = (counter: number): number => Math.max(0, counter - step);
  // 6.1.4 (a), (b) use policy_mapping before (h) counts it down.
  return narrow(certificate, { ...state, policies, depth, maxPathLength: state.maxPathLength - step }, down);
}

/** 6.1.4 (a), (b), (g)-(j), (m): what a CA certificate imposes on those below it. */
function narrow(
  certificate: Certificate,
  state: PathState,
  down: (counter: number) => number = (counter) => counter,
): PathState | CertificateRefusal {
  const mappings = certificate.policyMappings ?? [];
  if (
    mappings.some(
      ({ issuerDomainPolicy, subjectDomainPolicy }) =>
        issuerDomainPolicy === anyPolicy || subjectDomainPolicy === anyPolicy,
    )
  )
    return refuse('policy-mapping-of-any-policy', certificate);
  const { requireExplicitPolicy = unlimited, inhibitPolicyMapping = unlimited } = certificate.policyConstraints ?? {};
  return {
    policies: mapPolicies(state.policies, mappings, state.policyMapping > 0),
    explicitPolicy: Math.min(down(state.explicitPolicy), requireExplicitPolicy),
    policyMapping: Math.min(down(state.policyMapping), inhibitPolicyMapping),
    inhibitAnyPolicy: Math.min(down(state.inhibitAnyPolicy), certificate.inhibitAnyPolicy ?? unlimited),
    maxPathLength: Math.min(state.maxPathLength, certificate.basicConstraints?.pathLength ?? unlimited),
    depth: state.depth,
    constraints:
      certificate.nameConstraints === undefined
        ? state.constraints
        : [...state.constraints, certificate.nameConstraints],
  };
}

/** Steps 6.1.3 and 6.1.5 for the last certificate: its policies, or why the path fails. */
export function finishWithLeaf(
  state: PathState,
  input: PathInput,
  spending: Spending,
): { readonly policies: readonly string[] } | CertificateRefusal {
  const { leaf } = input;
  const objection = checkNameConstraints(leaf, state.constraints, spending);
  if (objection !== undefined) return refuse(objection.code, leaf, objection.values);
  const graph = assertPolicies(state.policies, leaf.policies, state.inhibitAnyPolicy > 0);
  // 6.1.5 (a), (b): explicit_policy counts down once more, and a zero in the leaf's own policyConstraints sets it. Where it was
  // zero before it still is, and an empty graph has no policy: 6.1.3 (f) is part of the same question.
  const explicitPolicy =
    leaf.policyConstraints?.requireExplicitPolicy === 0 ? 0 : Math.max(0, state.explicitPolicy - 1);
  const policies = userConstrainedPolicies(graph, input.policyInputs?.initialPolicySet ?? [anyPolicy]);
  if (explicitPolicy === 0 && policies.length === 0) return refusePolicy(leaf, input);
  return { policies };
}

const refusePolicy = (certificate: Certificate, input: PathInput): CertificateRefusal =>
  refuse('policy-required', certificate, {
    wanted: (input.policyInputs?.initialPolicySet ?? ['any'])
      .map((policy) => (policy === anyPolicy ? 'any' : policy))
      .join(', '),
  });
