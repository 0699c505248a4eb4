import { readFileSync } from 'node:fs';

/** One line of a vector file; the schema is written down beside the vectors. */
export interface VectorCase {
  readonly id: string;
  readonly suite: string;
  readonly tier: 'core' | 'extended';
  readonly description: string;
  readonly trust_anchors: readonly string[];
  readonly intermediates: readonly string[];
  readonly leaf: string;
  readonly crls: readonly string[];
  readonly validation_time: string | null;
  readonly eku: readonly string[];
  readonly max_depth: number | null;
  readonly policy_inputs?: {
    readonly initial_policy_set?: readonly string[];
    readonly initial_explicit_policy?: boolean;
    readonly initial_policy_mapping_inhibit?: boolean;
    readonly initial_inhibit_any_policy?: boolean;
    readonly expected_user_constrained_policy_set?: readonly string[];
    readonly trust_anchor_mode?:
      'subject-and-key-only' | 'enforce-expiry' | 'enforce-constraints' | 'enforce-expiry-and-constraints';
  };
  readonly expected?: 'valid' | 'invalid';
  readonly features: readonly string[];
}

/** Reads a file of one case a line. @throws on a line that is no JSON, naming it */
export function readVectorFile(path: string): VectorCase[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .map((line, index) => ({ line, index }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, index }) => {
      try {
        return JSON.parse(line) as VectorCase;
      } catch (error) {
        throw new Error(`${path}:${index + 1} is no JSON: give a file of one JSON object a line.`, { cause: error });
      }
    });
}
