/**
 * `npm run mutation [-- <rule>... [-w <workers>] [--afresh]]`: mutation tests of the rules in `rules.mjs`, one after the other. Fails
 * when the tests do not notice at least 80 % of the changes of a rule. Reports are in coverage/mutation; what was found before of
 * sources and specs that are still the same is taken from there.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';
import { rules } from './rules.mjs';

process.chdir(join(import.meta.dirname, '..', '..'));
const { positionals: names, values } = parseArgs({
  allowPositionals: true,
  options: { workers: { type: 'string', short: 'w', default: '2' }, afresh: { type: 'boolean', default: false } },
});
const unknown = names.filter((name) => !rules.some((rule) => rule.name === name));
if (unknown.length > 0) {
  console.error(`There is no rule ${unknown.join(', ')}. There are: ${rules.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

const rows = [];
for (const { name, about, mutate } of rules.filter((rule) => names.length === 0 || names.includes(rule.name))) {
  // Read by `run.config.mjs` in the processes that run the tests.
  process.env.SLUICE_MUTATED_RULE = name;
  const results = await new Stryker({
    mutate,
    plugins: ['@stryker-mutator/jest-runner'],
    testRunner: 'jest',
    testRunnerNodeArgs: ['--experimental-vm-modules', '--no-warnings'],
    jest: { configFile: 'tools/mutation/run.config.mjs', enableFindRelatedTests: true },
    coverageAnalysis: 'perTest',
    concurrency: Number(values.workers),
    // A slow machine is not a change that was noticed.
    timeoutMS: 15_000,
    incremental: true,
    force: values.afresh,
    incrementalFile: `coverage/mutation/${name}.incremental.json`,
    tempDirName: join(tmpdir(), `sluice-mutation-${process.pid}`),
    ignorePatterns: ['**', '!apps/**', '!libs/**', '!tools/mutation/**', '!*.json', '!*.mjs', '**/dist/**'],
    reporters: ['progress-append-only', 'html', 'json'],
    htmlReporter: { fileName: `coverage/mutation/${name}.html` },
    jsonReporter: { fileName: `coverage/mutation/${name}.json` },
    // Whether it is enough is said below, once for all rules.
    thresholds: { high: 90, low: 80, break: null },
  }).runMutationTest();
  const count = (...statuses) => results.filter(({ status }) => statuses.includes(status)).length;
  const noticed = count('Killed', 'Timeout');
  const mutants = noticed + count('Survived', 'NoCoverage');
  rows.push({ name, about, mutants, noticed, score: (100 * noticed) / mutants });
}

const atLeast = 80;
console.log(`\n${'rule'.padEnd(14)} mutants  noticed  score`);
for (const { name, about, mutants, noticed, score } of rows) {
  const low = score < atLeast ? `   too low: at least ${atLeast}` : '';
  const figures = [mutants, noticed].map((figure) => String(figure).padStart(7)).join('  ');
  console.log(`${name.padEnd(14)} ${figures}  ${score.toFixed(1).padStart(5)}   ${about}${low}`);
  if (low) process.exitCode = 1;
}
console.log('\nWhat was not noticed: coverage/mutation/<rule>.html.');
