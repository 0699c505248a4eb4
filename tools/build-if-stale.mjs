/**
 * Builds before a command that runs what is built. Nx decides what is stale; its report is shown only when something
 * failed, so that `npm start` prints what the stack says and nothing else.
 */
import './require-node.mjs';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const cold = !existsSync(join(root, 'apps', 'admin-api', 'dist', 'main.js'));
if (cold) process.stdout.write('building (a first time takes about a minute)\n');
const nx = join(root, 'node_modules', 'nx', 'dist', 'bin', 'nx.js');
const built = spawnSync(process.execPath, [nx, 'run-many', '-t', 'build', '--output-style=static'], {
  cwd: root,
  env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' },
  encoding: 'utf8',
});
if (built.status !== 0) {
  process.stderr.write(`${built.stdout ?? ''}${built.stderr ?? ''}\nThe build failed: npm run build shows it again.\n`);
  process.exit(built.status ?? 1);
}
