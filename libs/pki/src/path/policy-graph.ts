import { anyPolicy, type PolicyMapping } from '../certificate/decode-extensions.js';

/**
 * The valid_policy_tree of RFC 5280 6.1 as a graph: one node for a policy on each level, with the set of its parents,
 * instead of one node for every way to reach it. The tree grows exponentially with mappings (CVE-2023-0464), the graph
 * does not. A node without parents hangs below anyPolicy.
 */
interface Level {
  /** Policy to the policies of the level above that lead to it; null: its parent is anyPolicy. */
  readonly nodes: ReadonlyMap<string, ReadonlySet<string> | null>;
  readonly hasAnyPolicy: boolean;
  readonly above: Level | undefined;
}

/** State of policy processing below one certificate: `expected` is what the next certificate may assert. Immutable. */
export type PolicyGraph = Level;

/** Before the first certificate: anyPolicy at depth zero (RFC 5280 6.1.2 (a)). */
export const initialPolicyGraph: PolicyGraph = Object.freeze({
  nodes: new Map(),
  hasAnyPolicy: true,
  above: undefined,
});

/** Whether the tree is NULL: no policy is left. */
export const isEmpty = (graph: PolicyGraph): boolean => graph.nodes.size === 0 && !graph.hasAnyPolicy;

/**
 * Steps (d) and (e) of RFC 5280 6.1.3: what is left of the expected policies after a certificate asserted its own.
 * @param asserted undefined if the certificate has no certificatePolicies
 */
export function assertPolicies(
  expected: PolicyGraph,
  asserted: ReadonlySet<string> | undefined,
  anyPolicyAllowed: boolean,
): PolicyGraph {
  if (asserted === undefined) return { nodes: new Map(), hasAnyPolicy: false, above: expected.above };
  const assertsAny = anyPolicyAllowed && asserted.has(anyPolicy);
  const nodes = new Map<string, ReadonlySet<string> | null>();
  for (const [policy, parents] of expected.nodes) if (assertsAny || asserted.has(policy)) nodes.set(policy, parents);
  if (expected.hasAnyPolicy)
    for (const policy of asserted) if (policy !== anyPolicy && !nodes.has(policy)) nodes.set(policy, null);
  return { nodes, hasAnyPolicy: expected.hasAnyPolicy && assertsAny, above: expected.above };
}

/**
 * Step (b) of RFC 5280 6.1.4: what the next certificate is expected to assert. With mapping inhibited the mapped policies
 * are dropped.
 */
export function mapPolicies(
  graph: PolicyGraph,
  mappings: readonly PolicyMapping[],
  mappingAllowed: boolean,
): PolicyGraph {
  const level = mappings.length === 0 ? graph : applyMappings(graph, mappings, mappingAllowed);
  const next = new Map<string, Set<string>>();
  const mapped = new Set<string>();
  if (mappingAllowed) {
    for (const { issuerDomainPolicy, subjectDomainPolicy } of mappings) {
      if (!level.nodes.has(issuerDomainPolicy)) continue;
      mapped.add(issuerDomainPolicy);
      const parents = next.get(subjectDomainPolicy);
      if (parents === undefined) next.set(subjectDomainPolicy, new Set([issuerDomainPolicy]));
      else parents.add(issuerDomainPolicy);
    }
  }
  for (const policy of level.nodes.keys()) {
    if (mapped.has(policy)) continue;
    const parents = next.get(policy);
    if (parents === undefined) next.set(policy, new Set([policy]));
    else parents.add(policy);
  }
  return { nodes: next, hasAnyPolicy: level.hasAnyPolicy, above: level };
}

function applyMappings(graph: PolicyGraph, mappings: readonly PolicyMapping[], mappingAllowed: boolean): PolicyGraph {
  const nodes = new Map(graph.nodes);
  for (const { issuerDomainPolicy } of mappings) {
    if (!mappingAllowed) nodes.delete(issuerDomainPolicy);
    // 6.1.4 (b)(1): a mapped policy that only anyPolicy covers gets a node of its own.
    else if (graph.hasAnyPolicy && !nodes.has(issuerDomainPolicy)) nodes.set(issuerDomainPolicy, null);
  }
  return { nodes, hasAnyPolicy: graph.hasAnyPolicy, above: graph.above };
}

/**
 * Step (g) of RFC 5280 6.1.5: the policies, in the trust anchor's domain, for which the path is valid and which the user
 * wants. Empty means for none.
 */
export function userConstrainedPolicies(graph: PolicyGraph, wanted: readonly string[]): string[] {
  const wantsAny = wanted.includes(anyPolicy);
  const found = new Set<string>();
  if (graph.hasAnyPolicy) for (const policy of wanted) found.add(policy);
  let reachable = new Set(graph.nodes.keys());
  let level: Level | undefined = graph;
  while (level !== undefined && reachable.size > 0) {
    const parentsReached = new Set<string>();
    for (const policy of reachable) {
      const parents = level.nodes.get(policy);
      if (parents === undefined) continue;
      if (parents === null) {
        if (wantsAny || wanted.includes(policy)) found.add(policy);
      } else for (const parent of parents) parentsReached.add(parent);
    }
    reachable = parentsReached;
    level = level.above;
  }
  return [...found].sort();
}
