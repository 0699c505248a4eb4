import { parseArgs } from 'node:util';
import { losePower } from './lose-power.js';
import { runChaos, runClusterChaos } from './run-chaos.js';

const usage = `Usage: npm run chaos -- [--minutes N] [--ha]
       npm run chaos -- --power-losses N [--seed S]

Kills, freezes and cuts off verifier, authorization, key-management, Postgres and NATS by turns, under load with known and
unknown callers, by certificate, by token and by bound token, and revocations, on a stack of its own. One turn over all of them takes about five minutes.
With --power-losses the store of NATS comes back N times as it was up to two minutes before, torn every second time.
With --ha there are three servers of NATS and a standby of Postgres, which fail by turns: nobody who was let in before may notice, and no
change that was acknowledged may be lost.`;

const given = read();
if (!given) {
  process.stderr.write(`${usage}\n`);
  process.exitCode = 1;
} else {
  const { minutes, losses, seed, ha } = given;
  const run = losses > 0 ? losePower(losses, seed) : ha ? runClusterChaos(minutes) : runChaos(minutes);
  if ((await run) > 0) process.exitCode = 1;
}

/** @returns undefined for what is not to be understood */
function read(): { minutes: number; losses: number; seed: number; ha: boolean } | undefined {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string' },
        'power-losses': { type: 'string' },
        seed: { type: 'string' },
        ha: { type: 'boolean' },
      },
    });
    const minutes = Number(values.minutes ?? 5);
    const losses = Number(values['power-losses'] ?? 0);
    const seed = Number(values.seed ?? Date.now() % 1_000_000);
    return minutes > 0 && Number.isInteger(losses) && losses >= 0 && Number.isInteger(seed)
      ? { minutes, losses, seed, ha: values.ha ?? false }
      : undefined;
  } catch {
    return undefined;
  }
}
