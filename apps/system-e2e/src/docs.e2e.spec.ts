import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TemporaryFolder } from '@sluice/testing';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Administrator } from './administrator/administrator.js';
import { readPages } from './docs/command-blocks.js';
import { readFlowExamples } from './docs/flow-examples.js';
import { runPage } from './docs/run-page.js';
import { LocalStack } from './stack/local-stack.js';
import { senderWithKey } from './stack/senders.js';

const root = join(import.meta.dirname, '..', '..', '..');
const programs = ['bash', 'curl', 'jq', 'openssl', 'unzip'];
const missing = programs.filter((program) => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return false;
  } catch {
    return true;
  }
});
if (missing.length > 0 && process.env['CI'] === 'true') throw new Error(`CI needs ${missing.join(', ')} for the docs.`);
const described = missing.length === 0 ? describe : describe.skip;

const pages = readPages().filter(({ blocks }) => blocks.some(({ notRun }) => notRun === undefined));

/** The repository as its reader sees it, with `.sluice` in it; what commands write beside it is found out. */
function makeWorkingFolder(home: string): TemporaryFolder {
  const folder = new TemporaryFolder('reader');
  for (const name of readdirSync(root))
    if (!name.startsWith('.') && name !== 'package.json') symlinkSync(join(root, name), join(folder.path, name));
  symlinkSync(home, join(folder.path, '.sluice'));
  // What is tested is built: `npm test` builds first. Looking again before each command would take most of the time.
  const manifest = readFileSync(join(root, 'package.json'), 'utf8');
  const withoutBuild = manifest.replaceAll('node tools/build-if-stale.mjs && ', '');
  if (withoutBuild === manifest) throw new Error('The scripts of package.json build in another way: mend this test.');
  writeFileSync(join(folder.path, 'package.json'), withoutBuild);
  return folder;
}

/** All files below a folder. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

described(`the commands of the docs${missing.length > 0 ? ` (skipped: no ${missing.join(', ')})` : ''}`, () => {
  let stack: LocalStack;
  let folder: TemporaryFolder;

  beforeAll(async () => {
    stack = await LocalStack.start();
    folder = makeWorkingFolder(stack.home);
  }, 120_000);
  afterAll(async () => {
    await stack?.stop();
    folder?.remove();
  });

  it('have their variables in a file that only its owner reads', () => {
    expect(statSync(join(stack.home, 'env')).mode & 0o777).toBe(0o600);
    expect(statSync(join(stack.home, 'work')).mode & 0o777).toBe(0o700);
  });

  it.each(pages.map((page) => [page.path, page] as const))(
    'of %s succeed one after the other, are refused where the page says so, and leave nothing in the repository',
    async (_path, page) => {
      const before = readdirSync(folder.path).sort();
      const { code, text, surprises, begun } = await runPage(page, folder.path);
      if (process.env['SHOW_DOCS']) process.stderr.write(text);
      if (code !== 0) throw new Error(`A command failed with ${code}:\n${text.slice(-6_000)}`);
      if (surprises.length > 0) throw new Error(`${JSON.stringify(surprises)}:\n${text.slice(-6_000)}`);
      expect(begun).toEqual(page.blocks.filter(({ notRun }) => notRun === undefined).map(({ line }) => line));
      expect(readdirSync(folder.path).sort()).toEqual(before);
    },
    120_000,
  );

  it('deploy each flow of examples/flows, and it answers what it says', async () => {
    const { adminUrl, adminToken } = stack.facts;
    const examples = readFlowExamples();
    for (const { name, yaml } of examples) {
      const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/yaml' };
      const answer = await fetch(`${adminUrl}/v1/flows/${name}`, { method: 'PUT', headers, body: yaml });
      expect([name, await answer.json()]).toEqual([name, expect.objectContaining({ status: 'started' })]);
    }
    const administrator = new Administrator(adminUrl, adminToken);
    const instance = await administrator.createInstance(['ESBMessaging.send']);
    using sender = senderWithKey(stack, await administrator.createCertificateKey(instance));
    const answers: Record<string, unknown> = {};
    const expected: Record<string, unknown> = {};
    for (const { name, exchange } of examples) {
      if (!exchange) continue;
      const { status, text } = await sender.send(`/http${exchange.address}`, { body: exchange.sent });
      // A refusal has an id in it.
      answers[name] = [status, status === 200 ? text.trim() : ''];
      expected[name] = [exchange.status, exchange.body];
    }
    expect(answers).toEqual(expected);
  }, 60_000);

  it('write private keys and other secrets for their owner alone', () => {
    const secret = /-----BEGIN [A-Z ]*PRIVATE KEY-----|^SU[A-Z2-7]{56}$|"client_?secret"/im;
    const written = filesBelow(join(stack.home, 'work')).filter((file) => secret.test(readFileSync(file, 'latin1')));
    expect(written.length).toBeGreaterThan(3);
    expect(written.filter((file) => (statSync(file).mode & 0o077) !== 0)).toEqual([]);
  });

  it('have no variables once the stack has ended, and what they wrote stays', async () => {
    await stack.end();
    expect(existsSync(join(stack.home, 'env'))).toBe(false);
    expect(filesBelow(join(stack.home, 'work')).length).toBeGreaterThan(3);
  }, 30_000);
});
