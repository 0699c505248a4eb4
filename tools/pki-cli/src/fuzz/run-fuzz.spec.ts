import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../seeded-random.js';
import { runFuzz } from './run-fuzz.js';

describe('attack 22: mutated certificates, CRLs and OCSP answers', () => {
  it('believes no change to a signed part, never takes long and never crashes', () => {
    const report = runFuzz(6000, new SeededRandom(22));
    expect(report.faults).toEqual([]);
    // The mutants must reach beyond the parser, and some must leave the signed parts alone.
    expect(report.parsed).toBeGreaterThan(200);
    expect(report.accepted).toBeGreaterThan(20);
  });
});
