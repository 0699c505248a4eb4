/**
 * Packs the command line for machines without the checkout: one file with all it needs, as a tarball for `npm i -g`. It runs on every Node.js from
 * 20 on.
 *
 *   npm run pack-cli [FOLDER]     default: dist
 */
import { rolldown } from 'rolldown';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..', '..');
const folder = join(import.meta.dirname, 'dist', 'package');
const target = resolve(process.argv[2] ?? 'dist');
const { version, license, description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const bundle = await rolldown({
  input: join(import.meta.dirname, 'dist', 'sluice', 'main.js'),
  platform: 'node',
  logLevel: 'warn',
});
await bundle.write({ file: join(folder, 'sluice.mjs'), format: 'esm', minify: false, codeSplitting: false });
await bundle.close();
chmodSync(join(folder, 'sluice.mjs'), 0o755);
const manifest = {
  name: 'sluice',
  version,
  description: `${description} Its command line.`,
  license,
  type: 'module',
  bin: { sluice: 'sluice.mjs' },
  files: ['sluice.mjs'],
  engines: { node: '>=20' },
};
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
copyFileSync(join(root, 'docs', 'cli.md'), join(folder, 'README.md'));
mkdirSync(target, { recursive: true });
const [{ filename }] = JSON.parse(
  execFileSync('npm', ['pack', '--json', '--pack-destination', target], { cwd: folder, encoding: 'utf8' }),
);
process.stdout.write(`${join(target, filename)}\n`);
