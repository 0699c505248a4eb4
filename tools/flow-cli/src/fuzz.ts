import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fuzzInputs } from './fuzz-inputs.js';

const DEFAULT_INPUTS = 10_000;
/** No input may take longer, on a busy machine. */
const LIMIT_MS = 5_000;
/** Longer artifacts make many inputs slow to mutate and add nothing. */
const LONGEST_ARTIFACT = 60_000;

/** @returns the exit code: 0 when every input ended as it should, else 1; 2 for wrong use */
export function fuzz(words: readonly string[], write: (text: string) => void): number {
  let inputs = DEFAULT_INPUTS;
  let seed = randomInt(2 ** 31);
  const artifacts: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string;
    if (word === '--seed') seed = Number(words[++index]);
    else if (/^\d+$/.test(word)) inputs = Number(word);
    else {
      try {
        artifacts.push(readFileSync(word, 'utf8'));
      } catch (error) {
        write(`${word} cannot be read: ${(error as Error).message}\n`);
        return 2;
      }
    }
  }
  if (!Number.isInteger(seed)) {
    write('The seed is a whole number.\n');
    return 2;
  }
  const small = artifacts.filter(({ length }) => length <= LONGEST_ARTIFACT);
  const { byKind, slowestMs, heapGrowthBytes, failures } = fuzzInputs({
    inputs,
    seed,
    limitMs: LIMIT_MS,
    artifacts: small,
  });
  const counts = Object.entries(byKind).map(([kind, count]) => `${count} ${kind}`);
  write(`${inputs} inputs (${counts.join(', ')}), seed ${seed}\n`);
  write(`slowest ${slowestMs.toFixed(1)} ms, heap grown by ${(heapGrowthBytes / 1_048_576).toFixed(1)} MB\n`);
  for (const failure of failures.slice(0, 20)) write(`FAILED ${failure}\n`);
  write(failures.length === 0 ? 'every one ended in a verdict or a typed error\n' : `${failures.length} failed\n`);
  return failures.length === 0 ? 0 : 1;
}
