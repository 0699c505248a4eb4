import { writeFileSync } from 'node:fs';
import { judgeVector, type VectorVerdict } from './vectors/judge-vector.js';
import { readVectorFile, type VectorCase } from './vectors/vector-case.js';

/** `npm run vectors -- FILE.jsonl… [--json OUT] [--all]`: judges vector files and prints how the verdicts agree. */

interface Tally {
  agree: number;
  falseAccept: number;
  falseReject: number;
  noAnswer: number;
}

function readArguments(args: readonly string[]): { files: string[]; json: string | undefined; all: boolean } {
  const files: string[] = [];
  let json: string | undefined;
  let all = false;
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] as string;
    if (argument === '--json') json = args[++index];
    else if (argument === '--all') all = true;
    else files.push(argument);
  }
  return { files, json, all };
}

function main(): number {
  const { files, json, all } = readArguments(process.argv.slice(2));
  if (files.length === 0) {
    console.error('Give at least one file: npm run vectors -- FILE.jsonl… [--json OUT] [--all]');
    return 2;
  }
  const table = new Map<string, Tally>();
  const lines: string[] = [];
  const disagreements: string[] = [];
  let slowest: VectorVerdict | undefined;
  let coreFaults = 0;
  for (const vector of files.flatMap(readVectorFile)) {
    const outcome = answer(vector);
    lines.push(
      JSON.stringify(
        'error' in outcome ? { id: vector.id, verdict: 'invalid', reason: outcome.error, ms: 0 } : outcome,
      ),
    );
    const key = `${vector.suite.padEnd(18)} ${vector.tier}`;
    const tally = table.get(key) ?? { agree: 0, falseAccept: 0, falseReject: 0, noAnswer: 0 };
    table.set(key, tally);
    if ('error' in outcome) {
      tally.noAnswer++;
      disagreements.push(`${vector.tier} ${vector.id}: no answer: ${outcome.error}`);
      if (vector.tier === 'core') coreFaults++;
      continue;
    }
    if (slowest === undefined || outcome.ms > slowest.ms) slowest = outcome;
    if (vector.expected === undefined || outcome.verdict === vector.expected) tally.agree++;
    else {
      if (outcome.verdict === 'valid') tally.falseAccept++;
      else tally.falseReject++;
      if (vector.tier === 'core') coreFaults++;
      if (vector.tier === 'core' || all)
        disagreements.push(
          `${vector.tier} ${vector.id}: ${outcome.verdict}, expected ${vector.expected} [${vector.features.join(' ')}]: ${outcome.reason}`,
        );
    }
    if (outcome.ms > 250) disagreements.push(`${vector.tier} ${vector.id}: took ${outcome.ms} ms`);
  }
  if (json !== undefined) writeFileSync(json, lines.map((line) => `${line}\n`).join(''));
  console.log('suite              tier       agree  false accept  false reject  no answer');
  for (const [key, { agree, falseAccept, falseReject, noAnswer }] of table)
    console.log(
      `${key.padEnd(28)}${String(agree).padStart(6)}${String(falseAccept).padStart(14)}${String(falseReject).padStart(14)}${String(noAnswer).padStart(11)}`,
    );
  if (slowest !== undefined) console.log(`slowest: ${slowest.id}, ${slowest.ms} ms`);
  for (const line of disagreements) console.log(line);
  return coreFaults === 0 ? 0 : 1;
}

function answer(vector: VectorCase): VectorVerdict | { error: string } {
  try {
    return judgeVector(vector);
  } catch (error) {
    return { error: String(error) };
  }
}

process.exitCode = main();
