import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TemporaryFolder } from '@sluice/testing';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { LocalStack } from './stack/local-stack.js';
import { runCommandLine, type CommandResult } from './stack/run-command-line.js';

const root = join(import.meta.dirname, '..', '..', '..');

/** Packed, installed into a folder of its own and run from there, as on a machine without the checkout. */
describe('the command line', () => {
  let stack: LocalStack;
  let folder: TemporaryFolder;
  let program: string;

  const sluice = (...words: string[]): Promise<CommandResult> => elsewhere({}, '', ...words);
  const elsewhere = (environment: Record<string, string>, input: string, ...words: string[]) =>
    runCommandLine(
      [program],
      words,
      {
        HOME: folder.path,
        SLUICE_ADMIN_URL: stack.facts.adminUrl,
        SLUICE_ADMIN_TOKEN: stack.facts.adminToken,
        ...environment,
      },
      input,
    );
  const file = (name: string) => join(folder.path, name);
  const call = (out: string, path: string) =>
    execFileSync(
      'curl',
      [
        '-s',
        ...['--cert', join(out, 'client.pem'), '--key', join(out, 'client.key')],
        ...['--cacert', join(out, 'server-root.pem'), '-w', ' %{http_code}', '-d', 'hello'],
        `${stack.facts.flowUrl}/http${path}`,
      ],
      { encoding: 'utf8' },
    );

  beforeAll(async () => {
    folder = new TemporaryFolder('command-line');
    const tarball = execFileSync(process.execPath, [join(root, 'tools', 'cli', 'pack.mjs'), folder.path], {
      encoding: 'utf8',
    }).trim();
    execFileSync('npm', ['install', '-g', '--offline', '--prefix', folder.path, tarball], { stdio: 'ignore' });
    program = file('bin/sluice');
    stack = await LocalStack.start();
  }, 180_000);
  afterAll(async () => {
    await stack?.stop();
    folder?.remove();
  });

  it('takes a sender from the role to the call, and out again', async () => {
    const out = file('till');
    for (const words of [
      'role create Cli.send',
      'instance create cli --role Cli.send',
      `key create cli till --algorithm P-256 --out ${out}`,
    ])
      expect(await sluice(...words.split(' '))).toMatchObject({ code: 0, err: '' });
    for (const secret of ['client.key', 'client.p12', 'client.p12.password'])
      expect(statSync(join(out, secret)).mode & 0o777).toBe(0o600);
    writeFileSync(
      file('cli.yaml'),
      'name: cli\nsender: {adapter: HTTPS, address: /cli, authorization: {type: UserRole, role: Cli.send}}\nsteps: []\n',
    );
    expect(await sluice('flow', 'deploy', 'cli', file('cli.yaml'))).toMatchObject({ code: 0 });
    expect(call(out, '/cli')).toBe('hello 200');

    const rotated = await sluice('key', 'rotate', 'cli/till', '--overlap', '1h', '--out', file('till-2'), '-o', 'json');
    expect(rotated.code).toBe(0);
    expect(rotated.out).not.toContain('PRIVATE KEY');
    expect(call(file('till-2'), '/cli')).toBe('hello 200');
    expect(call(out, '/cli')).toBe('hello 200');

    const setUp = ['--certificate', join(out, 'client.pem'), '--key', join(out, 'client.key')];
    const trusted = [...setUp, '--server-root', join(out, 'server-root.pem')];
    const healthy = await sluice('doctor', ...trusted);
    expect(healthy.out).toMatch(/✓ being let in/);
    expect(healthy.code).toBe(0);
    expect(await sluice('doctor', ...setUp)).toMatchObject({
      code: 7,
      out: expect.stringMatching(/✗ TLS handshake.*--server-root/) as unknown,
    });

    expect(await sluice('key', 'revoke', 'till')).toMatchObject({ code: 0 });
    expect(call(out, '/cli')).toContain(' 401');
    const refused = await sluice('doctor', ...trusted);
    expect(refused.code).toBe(7);
    expect(refused.out).toMatch(/✗ being let in +The service key till is revoked/);
    const [, decision = ''] = /\(decision (\S+)\)/.exec(refused.out) ?? [];
    expect((await sluice('decision', 'show', decision)).out).toContain('key-revoked');
  });

  it('gives the whole answer as JSON and YAML, and pages of any number', async () => {
    for (const name of ['one', 'two', 'three'])
      expect(await sluice('role', 'create', `Page.${name}`)).toMatchObject({ code: 0 });
    const two = await sluice('role', 'list', '--limit', '2', '-o', 'json');
    expect(JSON.parse(two.out)).toHaveLength(2);
    expect(two.err).toContain('There are more');
    const all = JSON.parse((await sluice('role', 'list', '-o', 'json')).out) as { name: string }[];
    expect(all.map(({ name }) => name)).toContain('Page.three');
    expect((await sluice('-o', 'yaml', 'role', 'show', 'Page.one')).out).toMatch(/^name: Page\.one$/m);
  });

  it('keeps a token where its owner alone can read it, and uses it', async () => {
    const nobody = { SLUICE_ADMIN_URL: '', SLUICE_ADMIN_TOKEN: '' };
    expect(await elsewhere(nobody, '', 'role', 'list')).toMatchObject({
      code: 2,
      err: expect.stringContaining('sluice login') as unknown,
    });
    expect(await elsewhere(nobody, 'wrong', 'login', stack.facts.adminUrl)).toMatchObject({ code: 4 });
    expect(existsSync(file('.config/sluice/contexts.json'))).toBe(false);
    const { adminUrl, adminToken } = stack.facts;
    const login = await elsewhere(nobody, `${adminToken}\n`, 'login', adminUrl, '--name', 'here');
    expect(login.code).toBe(0);
    expect(login.out + login.err).not.toContain(adminToken);
    expect(statSync(file('.config/sluice/contexts.json')).mode & 0o777).toBe(0o600);
    expect((await elsewhere(nobody, '', 'context', 'list')).out).toContain('here');
    expect((await elsewhere(nobody, '', 'context', 'list', '-o', 'json')).out).not.toContain(adminToken);
    expect(await elsewhere(nobody, '', 'version')).toMatchObject({ code: 0 });
    expect(await elsewhere(nobody, '', '--context', 'there', 'version')).toMatchObject({ code: 3 });
    expect(await elsewhere(nobody, '', 'context', 'remove', 'here')).toMatchObject({ code: 0 });
    expect(readFileSync(file('.config/sluice/contexts.json'), 'utf8')).not.toContain(adminToken);
  });

  it('ends with a code that says what went wrong', async () => {
    expect(await sluice('role', 'show', 'No.such')).toMatchObject({ code: 3 });
    expect(await sluice('key', 'show', 'no/such')).toMatchObject({ code: 3 });
    expect(await sluice('role', 'create', 'not a name')).toMatchObject({ code: 2 });
    expect(await sluice('role', 'create', 'Twice.said')).toMatchObject({ code: 0 });
    expect(await sluice('role', 'create', 'Twice.said')).toMatchObject({ code: 5 });
    expect(await elsewhere({ SLUICE_ADMIN_TOKEN: 'wrong' }, '', 'role', 'list')).toMatchObject({ code: 4 });
    expect(await elsewhere({ SLUICE_ADMIN_URL: 'http://127.0.0.1:9' }, '', 'role', 'list')).toMatchObject({ code: 6 });
    expect(await sluice('role', 'shwo', 'X')).toMatchObject({ code: 2 });
    expect(await sluice('key', 'create', 'cli', 'second', '--out', file('till'))).toMatchObject({
      code: 5,
      err: expect.stringContaining('not overwritten') as unknown,
    });
    expect((await sluice('key', 'list', '-o', 'json')).out).not.toContain('"second"');
    expect(await sluice('token-key', 'rotate', '--immediately')).toMatchObject({ code: 2 });
    const unwritable = await sluice('key', 'create', 'cli', 'lost', '--out', '/proc/nothing');
    expect(unwritable).toMatchObject({ code: 2 });
    expect((await sluice('key', 'list', '-o', 'json')).out).not.toContain('"lost"');
  });

  it('does not send its token where a redirect leads', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(String(request.headers.authorization));
      response.writeHead(302, { location: '/stolen' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const answer = await elsewhere({ SLUICE_ADMIN_URL: `http://127.0.0.1:${port}` }, '', 'role', 'list');
    server.close();
    expect(answer.code).not.toBe(0);
    expect(asked).toHaveLength(1);
  });

  it('follows the events as they come', async () => {
    const following = elsewhere(
      { SLUICE_HOME: stack.home },
      '',
      ...['event', 'follow', '--filter', 'sluice.events.user-role.deleted', '--count', '1', '-o', 'json'],
    );
    expect(await sluice('role', 'create', 'Gone.soon')).toMatchObject({ code: 0 });
    expect(await sluice('role', 'delete', 'Gone.soon')).toMatchObject({ code: 0 });
    expect(JSON.parse((await following).out)).toMatchObject({ type: 'dev.sluice.user-role.deleted.v1' });
  });
});
