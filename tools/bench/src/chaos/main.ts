import { runChaos } from './run-chaos.js';

const usage = `Usage: npm run chaos -- [--minutes N]

Kills, freezes and cuts off verifier, authorization, key-management, Postgres and NATS by turns, under load with known and
unknown callers and revocations, on a stack of its own. One turn over all of them takes about five minutes.`;

const [option, value] = process.argv.slice(2);
const minutes = option === undefined ? 5 : option === '--minutes' ? Number(value) : Number.NaN;
if (!(minutes > 0)) {
  process.stderr.write(`${usage}\n`);
  process.exitCode = 1;
} else if ((await runChaos(minutes)) > 0) process.exitCode = 1;
