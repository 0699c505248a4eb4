import { DeferredSignatures, SignaturePending } from './deferred-signatures.js';
import { judgePath } from './judge-path.js';
import { type PathInput, type PathJudgement } from './path-input.js';

/**
 * The same judgement as `judgePath` for a process that serves many at a time: what is cheap is done at once, and the
 * signatures that are not are checked in other threads, so that a stranger's chain does not hold up the others
 * (attack 23).
 */
export async function judgePathOffLoop(input: PathInput): Promise<PathJudgement> {
  const deferredSignatures = new DeferredSignatures();
  for (;;) {
    try {
      return judgePath({ ...input, deferredSignatures });
    } catch (error) {
      if (!(error instanceof SignaturePending)) throw error;
      await error.check();
    }
  }
}
