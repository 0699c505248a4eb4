/**
 * Drills the operation of the compose stack for real, with load, and prints what was seen. It ends with 1 when anything is not as it
 * must be. The project is made, and ended with its data at the end; one that is there is refused.
 *
 *   node deploy/drills/main.mjs [--image sluice:local] [--project sluice-drill] [--keep] [drill …]
 *
 * Needs docker with compose (or podman behind DOCKER_HOST), and the image. The ports are SLUICE_DRILL_PORT (20443) and those after it.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { backup } from './backup.mjs';
import { busKilled } from './bus-killed.mjs';
import { metrics } from './metrics.mjs';
import { newerDatabase } from './newer-database.mjs';
import { restart } from './restart.mjs';
import { scaleUp } from './scale-up.mjs';
import { settings } from './settings.mjs';
import { Stack } from './stack.mjs';
import { upgrade } from './upgrade.mjs';

/** In the order in which they are run. */
const drills = {
  settings,
  metrics,
  'scale-up': scaleUp,
  upgrade,
  'bus-killed': busKilled,
  restart,
  backup,
  'newer-database': newerDatabase,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    image: { type: 'string', default: 'sluice:local' },
    project: { type: 'string', default: 'sluice-drill' },
    keep: { type: 'boolean', default: false },
  },
});
const names = positionals.length > 0 ? positionals : Object.keys(drills);
for (const name of names)
  if (!Object.hasOwn(drills, name))
    throw new Error(`There is no drill ${name}: name some of ${Object.keys(drills).join(', ')}.`);

const port = Number(process.env.SLUICE_DRILL_PORT ?? 20443);
const stackAt = (project, offset) =>
  new Stack({
    project,
    image: values.image,
    flowPort: port + offset,
    adminPort: port + offset + 1,
    metricsPort: port + offset + 2,
    eventsPort: port + offset + 3,
  });
const stack = stackAt(values.project, 0);
/** A second project, for what is restored from the first one's backup. */
const restored = stackAt(`${values.project}-restored`, 10);

let failures = 0;
function seer(drill) {
  return {
    /** @param expected a value, or a predicate of what was seen */
    see(what, seen, expected) {
      const good = typeof expected === 'function' ? expected(seen) : seen === expected;
      if (!good) failures++;
      process.stdout.write(
        `${good ? 'ok  ' : 'FAIL'}  ${drill}: ${what}: ${seen}${good ? '' : ` (expected ${expected})`}\n`,
      );
    },
    say: (text) => process.stdout.write(text.replace(/^(?=.)/gm, '      ').trimEnd() + '\n'),
  };
}

/** Another image of the same version, as a patch would be. */
function imageFrom(image, name, lines) {
  const tag = `sluice:${values.project}-${name}`;
  execFileSync('docker', ['build', '--quiet', '--tag', tag, '-'], {
    input: [`FROM ${image}`, ...lines].join('\n'),
    stdio: 'pipe',
  });
  return tag;
}

try {
  for (const each of [stack, restored])
    if (!values.keep && (await each.containers()).length > 0)
      throw new Error(`The project ${each.project} is there already: choose another with --project, or pass --keep.`);
  const began = performance.now();
  await stack.up({ 'flow-runtime': 2, 'certificate-verifier': 2 });
  process.stdout.write(`      up and ready after ${((performance.now() - began) / 1_000).toFixed(1)} s\n`);
  await stack.signIn();
  for (const name of names) await drills[name]({ stack, restored, imageFrom, ...seer(name) });
} finally {
  if (!values.keep) for (const each of [restored, stack]) await each.compose('down', '--volumes', '--timeout', '20');
}
process.stdout.write(failures === 0 ? 'all as it must be\n' : `${failures} not as it must be\n`);
process.exitCode = failures === 0 ? 0 : 1;
