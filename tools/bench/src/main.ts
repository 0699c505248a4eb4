import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { benchLists } from './lists/bench-lists.js';
import { benchIssue } from './issue/bench-issue.js';
import { killRuntime } from './kill/kill-runtime.js';
import { benchVerifiers } from './verifiers/bench-verifiers.js';
import { benchDecide } from './decide/bench-decide.js';
import { benchRevoke } from './revoke/bench-revoke.js';
import { benchRotation } from './rotation/bench-rotation.js';
import { benchPath } from './path/bench-path.js';
import { benchMillion } from './million/bench-million.js';
import { benchToken } from './token/bench-token.js';
import { killWorkers } from './kill/kill-workers.js';
import { benchMutations } from './mutations/bench-mutations.js';
import { benchShares } from './shares/bench-shares.js';
import { benchStarve } from './starve/bench-starve.js';

const usage = `Usage: npm run bench -- WHAT

  path [REQUESTS]   CPU of the flow runtime per request and per connection, beside a bare Node server in the same run
  issue [KEYS]      P-256 keys issued, in process and through the API, beside node:crypto alone
  token [GRANTS]    access tokens issued, by certificate and by secret, beside the bare signature and the bare scrypt
  verifiers [COUNT] verifier processes over NATS: rate, CPU each, spread over four, latency under attack
  rotation [KEYS]   keys rotated while their senders send 1,000 requests a second: no call may fail
  revoke [COUNT]    from the answer of a revocation to its event at a durable consumer
  decide [CHANGES]  first request of unseen certificates, denial after revocations and role changes, latency at half load
  million [KEYS] [ACTIVE]  CPU per request and memory with a million service keys, beside a stack with 1,000
  lists [KEYS]      pages of the lists of service keys and certificates, with a million keys
  mpl-kill [KILLS]  kills the flow runtime under load (20 times), and looks up the log entry of every answered message
  worker-kill [KILLS]  kills workers of the flow runtime, and then the runtime, under load (20 times each): nothing may run twice
  mutations [COUNT] [SEED]  mutants of bodies and definitions through a started runtime: no stall, no restart
  shares [SECONDS]  four keys, one at 20 times the rate of the others, where there is less than they want: each gets its share
  starve [PART]     what one permitted sender can do to another: attacks whose name holds PART, under 200 calls a second
  verify            path validation, beside node:crypto doing the same parsing and signature checks
  flow              the flow engine, beside the bare libraries doing the same work

Ratios are what to quote: the machine's speed drifts, a baseline of the same run drifts with it.`;

/** Benchmarks that live with what they measure. */
const elsewhere: Readonly<Record<string, string>> = {
  verify: 'tools/pki-cli/dist/bench-verify.js',
  flow: 'tools/flow-cli/dist/bench-flow.js',
};

/** The numbers are what follows the name on the command line. */
const here: Readonly<Record<string, (count?: number, further?: number) => Promise<void>>> = {
  path: (requests = 8_000) => benchPath(requests, 15),
  issue: (keys = 1_000) => benchIssue(keys),
  rotation: (keys = 200) => benchRotation(keys, 30),
  decide: (changes = 100) => benchDecide(changes),
  revoke: (revocations = 500) => benchRevoke(revocations),
  verifiers: (count = 2_000) => benchVerifiers(count),
  token: (grants = 4_000) => benchToken(grants),
  million: (keys = 1_000_000, active = Math.ceil(keys / 10)) => benchMillion(keys, active),
  lists: (keys = 1_000_000) => benchLists(keys),
  'mpl-kill': (kills = 20) => judged(killRuntime(kills)),
  'worker-kill': (kills = 20) => judged(killWorkers(kills)),
  shares: (seconds = 20) => judged(benchShares(seconds)),
  mutations: (count = 10_000, seed = randomInt(2 ** 31)) => judged(benchMutations(count, seed)),
};

/** The text is what follows the name on the command line. */
const named: Readonly<Record<string, (part?: string) => Promise<boolean>>> = { starve: (part) => benchStarve(part) };

async function judged(met: Promise<boolean>): Promise<void> {
  process.exitCode = (await met) ? 0 : 1;
}

const [what = '', ...rest] = process.argv.slice(2);
const program = elsewhere[what];
const bench = here[what];
const byName = named[what];
if (bench) await bench(...rest.map(Number));
else if (byName) process.exitCode = (await byName(rest.join(' '))) ? 0 : 1;
else if (program) {
  const root = join(import.meta.dirname, '..', '..', '..');
  process.exitCode =
    spawnSync(process.execPath, [join(root, program), ...rest], { stdio: 'inherit', cwd: root }).status ?? 1;
} else {
  process.stderr.write(`${usage}\n`);
  process.exitCode = 1;
}
