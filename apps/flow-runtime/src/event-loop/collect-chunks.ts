import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Octets of chunks after which the quick collection is made. */
const collectedAfter = 16 * 1_048_576;

type CollectGarbage = (options: { readonly type: 'minor' }) => void;

let collect: CollectGarbage | undefined;
let taken = 0;

/**
 * To be told of each chunk of a large body. Its octets count against a limit of V8 (64 MB outside its heap), beyond which the whole heap is marked: 40 ms of
 * the thread that admits requests, for one body. The quick collection finds chunks as well, in a millisecond, but V8 makes it by what fills its young
 * space, which a thousand chunks do not.
 */
export function tookChunk(bytes: number): void {
  taken += bytes;
  if (taken < collectedAfter) return;
  taken = 0;
  collect ??= exposed();
  collect({ type: 'minor' });
}

function exposed(): CollectGarbage {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as CollectGarbage;
}
