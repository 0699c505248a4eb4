import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const repository = join(import.meta.dirname, '..', '..', '..');
const packages = [
  'libs/domain',
  'libs/xml',
  'libs/xpath',
  'libs/xslt',
  'libs/simple-language',
  'libs/flow-engine',
  'libs/contracts',
  'libs/admin-client',
  'libs/pki',
  'libs/messaging',
  'libs/persistence',
  'libs/service-shell',
  'libs/embedded-servers',
  'libs/testing',
  'apps/key-management',
  'apps/certificate-verifier',
  'tools/provision',
];

/** A violation to plant: a file, the line in it, and the rule that must refuse it. */
const planted: readonly (readonly [rule: string, file: string, line: string])[] = [
  ['libs-domain-imports', 'libs/domain/src/planted.ts', `import '@sluice/contracts';`],
  ['domain-is-pure', 'libs/domain/src/planted.ts', `import 'node:fs';`],
  ['domain-is-pure', 'libs/domain/src/planted.ts', `import 'zod';`],
  ['libs-persistence-imports', 'libs/persistence/src/planted.ts', `import '@sluice/domain';`],
  ['libs-embedded-servers-imports', 'libs/embedded-servers/src/planted.ts', `import '@sluice/domain';`],
  ['libs-flow-engine-imports', 'libs/flow-engine/src/planted.ts', `import '@sluice/contracts';`],
  ['flow-engine-is-pure', 'libs/flow-engine/src/planted.ts', `import 'node:http';`],
  ['libs-xml-imports', 'libs/xml/src/planted.ts', `import '@sluice/xpath';`],
  ['libs-xpath-imports', 'libs/xpath/src/planted.ts', `import '@sluice/xslt';`],
  ['libs-xslt-imports', 'libs/xslt/src/planted.ts', `import '@sluice/simple-language';`],
  ['libs-simple-language-imports', 'libs/simple-language/src/planted.ts', `import '@sluice/flow-engine';`],
  ['flow-engine-is-pure', 'libs/xml/src/planted.ts', `import 'node:fs';`],
  ['flow-engine-is-pure', 'libs/xpath/src/planted.ts', `import 'node:crypto';`],
  ['flow-engine-is-pure', 'libs/xslt/src/planted.ts', `import 'node:fs';`],
  ['flow-engine-is-pure', 'libs/simple-language/src/planted.ts', `import 'node:os';`],
  ['languages-by-their-front', 'libs/flow-engine/src/planted.ts', `import '../../xpath/src/inside.js';`],
  ['languages-by-their-front', 'libs/flow-engine/src/planted.spec.ts', `import '../../xslt/src/inside.js';`],
  ['host-language-for-xslt', 'libs/flow-engine/src/planted.ts', `import '@sluice/xpath/host-language';`],
  ['services-use-the-flow-engine', 'apps/key-management/src/planted.ts', `import '@sluice/xml';`],
  ['libs-contracts-imports', 'libs/contracts/src/planted.ts', `import '@sluice/messaging';`],
  ['contracts-is-free-of-frameworks', 'libs/contracts/src/planted.ts', `import 'pg';`],
  ['libs-admin-client-imports', 'libs/admin-client/src/planted.ts', `import '@sluice/messaging';`],
  ['libs-pki-imports', 'libs/pki/src/planted.ts', `import '@sluice/contracts';`],
  ['libs-messaging-imports', 'libs/messaging/src/planted.ts', `import '@sluice/persistence';`],
  ['libs-service-shell-imports', 'libs/service-shell/src/planted.ts', `import '@sluice/pki';`],
  ['libs-testing-imports', 'libs/testing/src/planted.ts', `import '@sluice/pki';`],
  ['no-app-imports-an-app', 'apps/key-management/src/planted.ts', `import '../../certificate-verifier/src/index.js';`],
  ['apps-import-libs-only', 'apps/key-management/src/planted.ts', `import '@sluice/provision';`],
  ['tools-do-not-import-apps', 'tools/provision/src/planted.ts', `import '../../../apps/key-management/src/index.js';`],
  ['testing-only-from-tests', 'apps/key-management/src/planted.ts', `import '@sluice/testing';`],
  ['embedded-servers-not-in-services', 'apps/key-management/src/planted.ts', `import '@sluice/embedded-servers';`],
  ['verifier-has-no-database', 'apps/certificate-verifier/src/planted.ts', `import '@sluice/persistence';`],
  ['nothing-unresolvable', 'apps/key-management/src/planted.ts', `import './not-there.js';`],
];

let house: string;

function write(path: string, content: string): void {
  const file = join(house, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** @returns the names of the rules that refuse the house as it stands */
function refusedBy(): string[] {
  const command = join(repository, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const rules = join(repository, 'tools', 'import-boundaries', 'rules.mjs');
  const options = { cwd: house, stdio: 'pipe', maxBuffer: 64 * 1024 * 1024 } as const;
  let output: Buffer;
  try {
    output = execFileSync(
      process.execPath,
      [command, '--config', rules, '--output-type', 'json', 'apps', 'libs', 'tools'],
      options,
    );
  } catch (error) {
    const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer };
    if (stdout.length === 0) throw new Error(stderr.toString(), { cause: error });
    output = stdout;
  }
  const { summary } = JSON.parse(output.toString()) as { summary: { violations: { rule: { name: string } }[] } };
  return summary.violations.map(({ rule }) => rule.name);
}

beforeAll(() => {
  house = mkdtempSync(join(tmpdir(), 'sluice-boundaries-'));
  mkdirSync(join(house, 'node_modules', '@sluice'), { recursive: true });
  write('package.json', JSON.stringify({ name: 'house', type: 'module', workspaces: ['apps/*', 'libs/*', 'tools/*'] }));
  for (const path of packages) {
    const name = path.split('/')[1] as string;
    const entry = (file: string): object => ({ '@sluice/source': `./src/${file}.ts`, default: `./dist/${file}.js` });
    const exported = {
      '.': entry('index'),
      ...(name === 'xpath' ? { './host-language': entry('host-language') } : {}),
    };
    const tag = { libs: name, apps: 'app', tools: 'tool' }[path.split('/')[0] as 'libs' | 'apps' | 'tools'];
    write(
      `${path}/package.json`,
      JSON.stringify({ name: `@sluice/${name}`, type: 'module', exports: exported, nx: { tags: [`scope:${tag}`] } }),
    );
    write(`${path}/src/index.ts`, 'export const name = 1;\n');
    symlinkSync(join(house, path), join(house, 'node_modules', '@sluice', name));
  }
  for (const file of ['xpath/src/host-language', 'xpath/src/inside', 'xslt/src/inside'])
    write(`libs/${file}.ts`, 'export const inside = 1;\n');
  for (const name of ['zod', 'pg', 'typescript']) {
    symlinkSync(join(repository, 'node_modules', name), join(house, 'node_modules', name));
  }
});

afterAll(() => rmSync(house, { recursive: true, force: true }));

describe('the import boundaries', () => {
  it('accept a house in which nobody imports what it may not', () => {
    write('apps/key-management/src/allowed.ts', `import '@sluice/pki';\nimport '@sluice/service-shell';\n`);
    write('libs/xslt/src/allowed.ts', `import '@sluice/xpath/host-language';\nimport '@sluice/xml';\n`);
    write('libs/flow-engine/src/allowed.ts', `import '@sluice/xslt';\nimport '@sluice/simple-language';\n`);
    write('apps/key-management/src/allowed.spec.ts', `import '@sluice/testing';\n`);
    expect(refusedBy()).toEqual([]);
  });

  it.each(planted)('refuse a violation of %s planted in %s: %s', (rule, file, line) => {
    write(file, `${line}\n`);
    try {
      expect(refusedBy()).toContain(rule);
    } finally {
      rmSync(join(house, file));
    }
  });

  it.each([
    ['no tag', undefined],
    ['a tag that no rule is about', ['scope:lib']],
    ['the tag of another kind', ['scope:tool']],
    ['two tags', ['scope:domain', 'scope:pki']],
  ])('refuse a library with %s, which no rule would hold', (_what, tags) => {
    write('libs/another/package.json', JSON.stringify({ name: '@sluice/another', nx: { tags } }));
    try {
      expect(() => refusedBy()).toThrow('libs/another/package.json must have one tag in nx.tags');
    } finally {
      rmSync(join(house, 'libs/another'), { recursive: true });
    }
  });

  it('refuse a cycle between files', () => {
    write('libs/pki/src/a.ts', `import { b } from './b.js';\nexport const a = () => b;\n`);
    write('libs/pki/src/b.ts', `import { a } from './a.js';\nexport const b = () => a;\n`);
    try {
      expect(refusedBy()).toContain('no-cycles');
    } finally {
      rmSync(join(house, 'libs/pki/src/a.ts'));
      rmSync(join(house, 'libs/pki/src/b.ts'));
    }
  });

  it('refuse a cycle of types in the flow engine and its languages', () => {
    write('libs/xpath/src/a.ts', `import type { B } from './b.js';\nexport interface A { readonly b: B }\n`);
    write('libs/xpath/src/b.ts', `import type { A } from './a.js';\nexport interface B { readonly a: A }\n`);
    try {
      expect(refusedBy()).toEqual(['flow-engine-without-circles']);
    } finally {
      rmSync(join(house, 'libs/xpath/src/a.ts'));
      rmSync(join(house, 'libs/xpath/src/b.ts'));
    }
  });
});
