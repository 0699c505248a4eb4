import { runFuzz } from './fuzz/run-fuzz.js';
import { SeededRandom } from './seeded-random.js';

/** `npm run fuzz -- [CASES] [SEED]`: 200,000 mutants of certificates, CRLs and OCSP answers unless told otherwise. */

const [cases = 200_000, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
console.log(`${cases} cases, seed ${seed}`);
const start = performance.now();
const report = runFuzz(cases, new SeededRandom(seed), (done) => {
  if (done % 10_000 === 0) console.log(`${done} cases, ${((performance.now() - start) / 1000).toFixed(0)} s`);
});
console.log(
  `${report.cases} cases: ${report.parsed} could be parsed, ${report.accepted} accepted (nothing signed was changed), slowest ${report.slowestMs.toFixed(1)} ms, ${report.faults.length} faults`,
);
for (const fault of report.faults.slice(0, 20))
  console.log(`case ${fault.case} ${fault.kind} ${fault.detail}\n${fault.input}`);
process.exitCode = report.faults.length === 0 ? 0 : 1;
