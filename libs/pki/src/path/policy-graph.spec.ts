import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyPolicy, type PolicyMapping } from '../certificate/decode-extensions.js';
import {
  assertPolicies,
  initialPolicyGraph,
  isEmpty,
  mapPolicies,
  userConstrainedPolicies,
  type PolicyGraph,
} from './policy-graph.js';

interface Link {
  readonly asserted: readonly string[] | undefined;
  readonly anyPolicyAllowed: boolean;
  readonly mappings: readonly PolicyMapping[];
  readonly mappingAllowed: boolean;
}

/** A node of the valid_policy_tree as RFC 5280 6.1.2 (a) writes it. */
interface Node {
  readonly policy: string;
  readonly parent: Node | undefined;
  expected: readonly string[];
}

/** The valid_policy_tree of RFC 5280 6.1, step by step as it is written there: the nodes of each depth, none for NULL. */
class PolicyTree {
  levels: Node[][] = [[{ policy: anyPolicy, parent: undefined, expected: [anyPolicy] }]];

  /** 6.1.3 (d) and (e). */
  assert({ asserted, anyPolicyAllowed }: Link): void {
    const above = this.levels.at(-1) as Node[];
    const level: Node[] = [];
    const add = (parent: Node, policy: string): void => void level.push({ policy, parent, expected: [policy] });
    const anyNode = above.find(({ policy }) => policy === anyPolicy);
    for (const policy of (asserted ?? []).filter((each) => each !== anyPolicy)) {
      const matching = above.filter(({ expected }) => expected.includes(policy));
      for (const parent of matching) add(parent, policy);
      if (matching.length === 0 && anyNode) add(anyNode, policy);
    }
    if (anyPolicyAllowed && asserted?.includes(anyPolicy))
      for (const parent of above)
        for (const policy of parent.expected)
          if (!level.some((node) => node.parent === parent && node.policy === policy)) add(parent, policy);
    this.levels.push(level);
    this.prune();
  }

  /** 6.1.4 (b). */
  map({ mappings, mappingAllowed }: Link): void {
    let level = this.levels.at(-1) as Node[];
    const anyNode = level.find(({ policy }) => policy === anyPolicy);
    for (const from of new Set(mappings.map(({ issuerDomainPolicy }) => issuerDomainPolicy))) {
      const to = mappings
        .filter(({ issuerDomainPolicy }) => issuerDomainPolicy === from)
        .map(({ subjectDomainPolicy }) => subjectDomainPolicy);
      const own = level.filter(({ policy }) => policy === from);
      if (!mappingAllowed) level = level.filter(({ policy }) => policy !== from);
      else if (own.length > 0) for (const node of own) node.expected = to;
      else if (anyNode) level.push({ policy: from, parent: anyNode.parent, expected: to });
    }
    this.levels[this.levels.length - 1] = level;
    this.prune();
  }

  /** 6.1.3 (d)(3): a node without children goes, from the bottom up. */
  prune(): void {
    for (let depth = this.levels.length - 2; depth >= 0; depth--)
      this.levels[depth] = (this.levels[depth] as Node[]).filter((node) =>
        (this.levels[depth + 1] as Node[]).some(({ parent }) => parent === node),
      );
  }

  get isNull(): boolean {
    return (this.levels.at(-1) as Node[]).length === 0;
  }

  /** 6.1.5 (g): the policies of the anchor's domain, which are those of nodes right below anyPolicy. */
  wanted(wanted: readonly string[]): string[] {
    const belowAny = this.levels.flat().filter(({ parent }) => parent?.policy === anyPolicy);
    const found = new Set(
      belowAny
        .map(({ policy }) => policy)
        .filter((policy) => policy !== anyPolicy && (wanted.includes(anyPolicy) || wanted.includes(policy))),
    );
    if ((this.levels.at(-1) as Node[]).some(({ policy }) => policy === anyPolicy))
      for (const policy of wanted) found.add(policy);
    return [...found].sort();
  }
}

const names = ['1.2.3.1', '1.2.3.2', '1.2.3.3'] as const;
const policy = fc.constantFrom(...names);
const link: fc.Arbitrary<Link> = fc.record({
  asserted: fc.option(fc.uniqueArray(fc.constantFrom(...names, anyPolicy)), { nil: undefined, freq: 12 }),
  anyPolicyAllowed: fc.boolean(),
  mappings: fc.array(fc.record({ issuerDomainPolicy: policy, subjectDomainPolicy: policy }), { maxLength: 3 }),
  mappingAllowed: fc.boolean(),
});
const wantedSet = fc.uniqueArray(fc.constantFrom(...names, anyPolicy), { minLength: 1 });

describe('the policy graph', () => {
  it('says of every chain what the tree of RFC 5280 6.1 says, built as it is written there', () => {
    fc.assert(
      fc.property(fc.array(link, { minLength: 1, maxLength: 5 }), wantedSet, (chain, wanted) => {
        const tree = new PolicyTree();
        let graph: PolicyGraph = initialPolicyGraph;
        chain.forEach((each, index) => {
          graph = assertPolicies(graph, each.asserted && new Set(each.asserted), each.anyPolicyAllowed);
          tree.assert(each);
          expect(isEmpty(graph)).toBe(tree.isNull);
          if (index === chain.length - 1) return;
          graph = mapPolicies(graph, each.mappings, each.mappingAllowed);
          tree.map(each);
          expect(isEmpty(graph)).toBe(tree.isNull);
        });
        expect(userConstrainedPolicies(graph, wanted)).toEqual(tree.wanted(wanted));
      }),
      { numRuns: 500 },
    );
  });

  it('leaves the graph it was given as it was, so that a search can go back to it', () => {
    const graph = assertPolicies(initialPolicyGraph, new Set([names[0]]), true);
    mapPolicies(graph, [{ issuerDomainPolicy: names[0], subjectDomainPolicy: names[1] }], false);
    assertPolicies(graph, new Set([names[1]]), true);
    expect(userConstrainedPolicies(graph, [anyPolicy])).toEqual([names[0]]);
    expect(userConstrainedPolicies(initialPolicyGraph, [names[2], names[0]])).toEqual([names[0], names[2]]);
  });
});
