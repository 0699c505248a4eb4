/** `npm run simulate`: lives worlds of simulated time from a seed on; see apps/flow-runtime/src/decisions/whole-world.spec.ts. */
import './require-node.mjs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const usage = `Usage: npm run simulate -- [--seed N] [--worlds N | --minutes M]

Lives worlds in which the bus, its disk, the network, the clock and every process fail, each of a thousand steps and from the next seed on: 100
of them, or as many as fit into the minutes. What must not be is printed with the seed and the shortest way to it that was found.`;

try {
  const { values } = parseArgs({
    options: { seed: { type: 'string' }, worlds: { type: 'string' }, minutes: { type: 'string' } },
  });
  const number = (name, fallback) => {
    const value = values[name] === undefined ? fallback : Number(values[name]);
    if (!(value > 0)) throw new Error(`--${name} must be a number above 0`);
    return String(value);
  };
  const root = join(import.meta.dirname, '..');
  const { status } = spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
      '--verbose=false',
      'apps/flow-runtime/src/decisions/whole-world',
    ],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        SIMULATE_SEED: number('seed', 1),
        SIMULATE_WORLDS: values.minutes === undefined ? number('worlds', 100) : '1000000000',
        ...(values.minutes === undefined ? {} : { SIMULATE_MINUTES: number('minutes', 1) }),
      },
    },
  );
  process.exitCode = status ?? 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}\n`);
  process.exitCode = 1;
}
