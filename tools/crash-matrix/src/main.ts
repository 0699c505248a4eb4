import { runCrashMatrix, steps, type Step } from './crash-matrix.js';

const usage = `Usage: npm run crash-matrix [-- --repeat N] [--steps a,b] [--no-long-downtime]

Kills key-management at each step between a request and its acknowledged event, and NATS and Postgres, under a load of
changes; freezes a relay until another took over; stays down for longer than the deduplication window. Then it holds the
event stream against what was committed. Steps: ${steps.join(', ')}.`;

const argumentsGiven = process.argv.slice(2);
const valueOf = (name: string) => argumentsGiven[argumentsGiven.indexOf(name) + 1] ?? '';
const has = (name: string) => argumentsGiven.includes(name);
const wanted = has('--steps') ? (valueOf('--steps').split(',') as Step[]) : steps;
const repeat = has('--repeat') ? Number(valueOf('--repeat')) : 3;

if (has('--help') || !wanted.every((step) => steps.includes(step)) || !Number.isInteger(repeat) || repeat < 1) {
  process.stderr.write(`${usage}\n`);
  process.exitCode = 2;
} else {
  const { crashes, committed, faults } = await runCrashMatrix({
    steps: wanted,
    repeat,
    frozenRelay: true,
    longDowntime: !has('--no-long-downtime'),
    servers: true,
    say: (message) => process.stdout.write(`${message}\n`),
  });
  for (const fault of faults) process.stdout.write(`✗ ${fault}\n`);
  process.stdout.write(`${crashes} crashes, ${committed} committed changes, ${faults.length} faults\n`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
