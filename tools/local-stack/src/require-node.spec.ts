import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: { node: string };
};

/** Runs a program by this Node, which says of itself to be another one. */
function runAs(version: string, ...program: string[]) {
  const pretend = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`;
  return spawnSync(process.execPath, ['--import', `data:text/javascript,${pretend}`, ...program], {
    cwd: root,
    timeout: 20_000,
    encoding: 'utf8',
  });
}

describe('a Node that is too old', () => {
  it.each([
    ['the tests', ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', '--listTests']],
    ['npm start', ['tools/start.mjs']],
    ['npm run dev', ['tools/dev.mjs']],
    ['npm run simulate', ['tools/simulate.mjs']],
  ])('is told by %s what it needs, before anything else', (_what, program) => {
    const { status, stdout, stderr } = runAs('20.20.2', ...program);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^This is Node 20\.20\.2 /);
    expect(stderr).toContain(`Sluice runs on Node ${dependencies.node}`);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('is not one of the same major version, nor a newer one', () => {
    for (const version of [dependencies.node, '24.0.0', '26.1.0'])
      expect([version, runAs(version, 'tools/require-node.mjs').status]).toEqual([version, 0]);
  });
});
