import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const packages = ['apps', 'libs', 'tools'];

/** The sources of this repository in a folder of their own, whose packages are those there. */
function copyRepository(): string {
  const copy = mkdtempSync(join(tmpdir(), 'sluice-generators-'));
  const left = new Set(['node_modules', 'dist', '.git', '.nx']);
  for (const name of readdirSync(root)) {
    if (left.has(name) || name.startsWith('.sluice')) continue;
    cpSync(join(root, name), join(copy, name), { recursive: true, filter: (path) => !left.has(basename(path)) });
  }
  mkdirSync(join(copy, 'node_modules', '@sluice'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== '@sluice') symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name));
  for (const kind of packages)
    for (const name of readdirSync(join(copy, kind)))
      if (existsSync(join(copy, kind, name, 'package.json')))
        symlinkSync(join(copy, kind, name), join(copy, 'node_modules', '@sluice', name));
  return copy;
}

describe('the generator of a use case', () => {
  let copy: string;
  beforeAll(() => {
    copy = copyRepository();
  }, 60_000);
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  const run = (program: string, ...given: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(copy, 'node_modules', program), ...given], {
      cwd: copy,
      env: { ...process.env, NX_DAEMON: 'false', NX_WORKSPACE_ROOT_PATH: copy, FORCE_COLOR: '0' },
      encoding: 'utf8',
    });
    return { status, output: `${stdout}${stderr}` };
  };
  const generate = (...given: string[]) => run('nx/dist/bin/nx.js', 'g', '@sluice/generators:use-case', ...given);
  const written = (output: string) =>
    Array.from(output.matchAll(/^(?:CREATE|UPDATE) (\S+)$/gm), ([, path = '']) => path).sort();
  const jest = (path: string, ...given: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        '--experimental-vm-modules',
        '--no-warnings',
        join(copy, 'node_modules/jest/bin/jest.js'),
        '-w',
        '1',
        path,
        ...given,
      ],
      { cwd: copy, encoding: 'utf8' },
    );
    return { status, output: `${stdout}${stderr}` };
  };

  it('writes six files, which compile, lint and are formatted, and a spec that fails until it says what must hold', () => {
    const made = [
      generate('key-management', 'service-keys', 'suspend'),
      generate('authorization', 'user-roles', 'lock', '--path', '/v1/user-roles/{name}/lock'),
      generate(
        'flow-runtime',
        'receiver-credentials',
        'retry',
        '--api',
        'credentials',
        '--path',
        '/v1/credentials/{alias}/retry',
      ),
    ];
    expect(made.map(({ status, output }) => (status === 0 ? 0 : output))).toEqual([0, 0, 0]);
    const files = made.map(({ output }) => written(output));
    expect(files[0]).toEqual([
      'apps/key-management/src/service-keys/service-keys.controller.ts',
      'apps/key-management/src/service-keys/service-keys.module.ts',
      'apps/key-management/src/service-keys/suspend-service-key.int.spec.ts',
      'apps/key-management/src/service-keys/suspend-service-key.ts',
      'libs/contracts/src/api/service-keys.ts',
      'libs/contracts/src/index.ts',
    ]);
    const all = [...new Set(files.flat())];
    expect(all).toHaveLength(16);
    expect(run('ts7/bin/tsc', '-p', 'tsconfig.spec.json')).toEqual({ status: 0, output: '' });
    expect(run('eslint/bin/eslint.js', ...all)).toEqual({ status: 0, output: '' });
    expect(run('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', ...all)).toEqual({
      status: 0,
      output: '',
    });
    // The rules of contracts hold for what was made: every call documented, exported, and conditional.
    const contracts = jest('libs/contracts/src/operation/op');
    expect([contracts.output.match(/●.*›.*$/gm) ?? [], contracts.output.match(/^Tests:.*$/m)?.[0]]).toEqual([
      [],
      expect.stringContaining(' passed'),
    ]);
    const unwritten = jest('apps/key-management/src/service-keys/suspend-service-key');
    expect(unwritten.status).toBe(1);
    expect(unwritten.output).toMatch(/^Tests: +3 failed, 3 total$/m);
    expect(readFileSync(join(copy, 'apps/authorization/src/user-roles/user-roles.module.ts'), 'utf8')).toContain(
      'LockUserRole,',
    );
  }, 180_000);

  it.each([
    [['key-management', 'service-keys', 'rotate'], 'rotate-service-key.ts is there already'],
    [['key-store', 'service-keys', 'suspend'], 'There is no service key-store: '],
    [['key-management', 'secrets', 'suspend'], 'key-management has no secrets, but '],
    [['flow-runtime', 'receiver-credentials', 'probe'], '--api names another'],
    [['key-management', 'service-keys', 'Suspend'], 'pattern'],
  ])('writes nothing for %j, and says why', (given, why) => {
    const exported = () => readFileSync(join(copy, 'libs/contracts/src/index.ts'), 'utf8');
    const before = exported();
    const { status, output } = generate(...given);
    expect(status).not.toBe(0);
    expect(output).toContain(why);
    expect(written(output)).toEqual([]);
    expect(exported()).toBe(before);
  });
});
