/**
 * `npm run coverage [-- <package>... [-w <workers>]]`: runs the suites of the packages in `packages.mjs`, one package after the
 * other, and says how much of their lines and branches ran. Fails where it is less than it has to be, or where a test fails.
 * Reports are in coverage/<package>.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packages } from './packages.mjs';

process.chdir(join(import.meta.dirname, '..', '..'));
const { positionals: names, values } = parseArgs({
  allowPositionals: true,
  options: { workers: { type: 'string', short: 'w', default: '2' } },
});
const unknown = names.filter((name) => !packages.some((each) => each.name === name));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}. There are: ${packages.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

const rows = [];
for (const { name, folder, within, atLeast } of packages) {
  if (names.length > 0 && !names.includes(name)) continue;
  const figures = `coverage/${name}/summary.json`;
  rmSync(figures, { force: true });
  const { status } = spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      '--config',
      'tools/coverage/run.config.mjs',
      '-w',
      values.workers,
    ],
    // Read by `run.config.mjs`, in this process of Jest and in those that run the tests.
    { stdio: 'inherit', env: { ...process.env, SLUICE_COVERED_PACKAGE: name } },
  );
  let covered;
  try {
    covered = JSON.parse(readFileSync(figures, 'utf8'));
  } catch {
    console.error(`The suite of ${name} ended without a report.`);
    process.exit(1);
  }
  const { lines, branches } = covered.total;
  const where = within === undefined ? folder : `${folder}/${within}`;
  rows.push({ where, lines: lines.pct, branches: branches.pct, atLeast, failed: status !== 0 });
}

const width = Math.max(...rows.map(({ where }) => where.length));
console.log(`\n${'npm run coverage'.padEnd(width)}  lines  branches  at least`);
for (const { where, lines, branches, atLeast, failed } of rows) {
  const remarks = [
    ...(lines < atLeast || branches < atLeast ? ['too low'] : []),
    ...(failed ? ['a test failed'] : []),
  ].join(', ');
  const figures = [lines.toFixed(1).padStart(5), branches.toFixed(1).padStart(8), String(atLeast).padStart(8)];
  console.log(`${where.padEnd(width)}  ${figures.join('  ')}  ${remarks}`.trimEnd());
  if (remarks) process.exitCode = 1;
}
console.log('\nWhat did not run: coverage/<package>/coverage.txt, index.html.');
