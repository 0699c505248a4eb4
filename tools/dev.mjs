/**
 * `npm run dev`: the local stack, with each source that is saved compiled and what was built started again. Each process can be debugged
 * (SLUICE_INSPECT_PORT and those after it), and the logs of all are one stream.
 */
import { watch } from 'chokidar';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

await import('./build-if-stale.mjs');
const root = join(import.meta.dirname, '..');
const folders = (parent) => readdirSync(join(root, parent)).map((name) => join(parent, name));
const apps = folders('apps').filter((app) => existsSync(join(root, app, 'src', 'main.ts')));

/** Several files are often saved at once. */
const settleMs = 100;
let timer;
let compiling = false;
let again = false;

function compile() {
  if (compiling) return void (again = true);
  compiling = true;
  const compiler = spawn(process.execPath, [join(root, 'node_modules', 'ts7', 'bin', 'tsc'), '-b', ...apps], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  compiler.once('exit', () => {
    compiling = false;
    if (!again) return;
    again = false;
    compile();
  });
}

const sources = [...apps, ...folders('libs')].map((folder) => join(root, folder, 'src')).filter(existsSync);
watch(sources, {
  ignoreInitial: true,
  ignored: (path, stats) => stats?.isFile() === true && (!path.endsWith('.ts') || path.endsWith('.spec.ts')),
}).on('all', () => {
  clearTimeout(timer);
  timer = setTimeout(compile, settleMs);
});
process.env.SLUICE_DEV = '1';
await import('./local-stack/dist/main.js');
