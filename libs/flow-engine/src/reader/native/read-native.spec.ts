import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { flowWith, problemsOf, utf8 } from '../../testing/flow-fixture.js';
import { readFlowDefinition } from '../read-flow-definition.js';
import { flowJsonSchema } from './flow-format.js';

const read = (yaml: string) => readFlowDefinition({ mediaType: 'application/yaml', content: utf8(yaml) });

describe('the native format', () => {
  it('fills in role, body size, headers and log level', () => {
    const { definition, warnings } = read('name: a\nsender: {adapter: HTTPS, address: /a}\nsteps: []\n');
    expect(definition.senders).toEqual([
      {
        id: 'sender',
        name: 'HTTPS',
        process: 'main',
        adapter: 'HTTPS',
        address: '/a',
        authorization: { type: 'UserRole', role: 'ESBMessaging.send' },
        maximumBodySizeMb: 40,
        allowedHeaders: ['*'],
        csrfProtection: false,
        returnExceptionToSender: false,
      },
    ]);
    expect(definition.log.level).toBe('INFO');
    expect(warnings).toEqual([]);
  });

  it('attack 42: tells the first thousand faults of a line that has one in each word, each in a short sentence with its line', () => {
    const problems = problemsOf(`name: a\nsender: {adapter: ${'${body}'.repeat(2_000)}`);
    expect(problems).toHaveLength(1_000);
    expect(new Set(problems.map(({ line }) => line))).toEqual(new Set([2]));
    expect(Math.max(...problems.map(({ message }) => message.length))).toBeLessThan(100);
  });

  it('warns of authorization by client certificate', () => {
    const { definition, warnings } = read(
      'name: a\nsender: {adapter: HTTPS, address: /a, authorization: {type: ClientCertificate, certificates: [{subjectDN: "CN=a,O=b", issuerDN: "CN=c,O=d"}]}}\nsteps: []\n',
    );
    expect(warnings.map(({ code }) => code)).toEqual(['client-certificate-authorization']);
    expect(definition.senders[0]).toMatchObject({
      authorization: { type: 'ClientCertificate', certificates: [{ subjectDN: 'CN=a,O=b', issuerDN: 'CN=c,O=d' }] },
    });
  });

  it('reads what an authorization lists, so that nothing of it is found unreadable at a request', () => {
    const sender = (authorization: string) =>
      problemsOf(`name: a\nsender: {adapter: HTTPS, address: /a, authorization: ${authorization}}\nsteps: []\n`).map(
        ({ path, code }) => [path, code],
      );
    expect(
      sender(
        '{type: ClientCertificate, certificates: [{subjectDN: "CN=a", issuerDN: "CN=c"}, {subjectDN: "/C=DE/CN=b", issuerDN: " "}]}',
      ),
    ).toEqual([
      ['sender.authorization.certificates[1].subjectDN', 'invalid-value'],
      ['sender.authorization.certificates[1].issuerDN', 'invalid-value'],
    ]);
    expect(sender('{type: UserRole, role: "no role"}')).toEqual([['sender.authorization.role', 'invalid-value']]);
  });

  it('admits a certificate and a token unless it says otherwise, warns of Basic, and refuses what the authorization cannot judge', () => {
    const sender = (more: string) => `name: a\nsender: {adapter: HTTPS, address: /a, ${more}}\nsteps: []\n`;
    const { definition, warnings } = read(sender('authentication: [certificate, basic]'));
    expect(definition.senders[0]).toMatchObject({ authentication: ['certificate', 'basic'] });
    expect(warnings).toMatchObject([{ code: 'basic-authentication', path: 'sender.authentication' }]);
    expect(read(sender('authentication: [token]')).warnings).toEqual([]);
    const faults = (more: string) => problemsOf(sender(more)).map(({ path, code }) => [path, code]);
    const names = 'authorization: {type: ClientCertificate, certificates: [{subjectDN: "CN=a", issuerDN: "CN=c"}]}';
    expect(read(sender(`${names}, authentication: [certificate]`)).warnings).toHaveLength(1);
    const refused = [['sender.authentication', 'invalid-value']];
    expect(faults(`${names}, authentication: [certificate, token]`)).toEqual(refused);
    expect(faults('authentication: [token, token]')).toEqual(refused);
    expect(faults('authentication: []')).toEqual(refused);
    expect(faults('authentication: [Basic]')).toEqual([['sender.authentication[0]', 'invalid-value']]);
  });

  it('names every unknown and missing key with its path and line', () => {
    const problems = problemsOf(
      'name: a\nsender:\n  adapter: HTTPS\n  adress: /a\nsteps:\n  - filtr: {xpath: //a}\n  - filter: {xpth: //a}\n',
    );
    expect(problems.map(({ path, line, code, nearest }) => [path, line, code, nearest])).toEqual([
      ['sender.adress', 4, 'unknown-key', 'address'],
      ['sender.address', 3, 'missing-key', undefined],
      ['steps[0].filtr', 6, 'unknown-key', 'filter'],
      ['steps[1].filter.xpth', 7, 'unknown-key', 'xpath'],
      ['steps[1].filter.xpath', 7, 'missing-key', undefined],
    ]);
  });

  it('names every wrong expression, not the first only', () => {
    const problems = problemsOf(
      flowWith(
        '- filter: {xpath: "//a["}\n- filter: {xpath: "nope()"}\n- contentModifier: {body: "${bean:x}"}\n- contentModifier: {headers: {A: "${nothing}"}}',
      ),
    );
    expect(problems.map(({ code, line }) => [code, line])).toEqual([
      ['invalid-expression', 4],
      ['unsupported-setting', 5],
      ['unsupported-setting', 6],
      ['invalid-expression', 7],
    ]);
    expect(problems[0]?.path).toBe('steps[0].filter.xpath');
  });

  it.each([
    'a',
    '//a',
    '/a/*/b',
    '/a//b',
    '/a/./b',
    '/a/../b',
    '/a%2Fb',
    '/a*',
    '/a?b',
    '/a b',
    '/a;x=1',
    '/a\\\\b',
    '/ä',
  ])('refuses the address %s', (address) => {
    const problems = problemsOf(`name: a\nsender: {adapter: HTTPS, address: "${address}"}\nsteps: []\n`);
    expect(problems.map(({ code, path }) => [code, path])).toEqual([['invalid-address', 'sender.address']]);
  });

  it.each(['/', '/a', '/a/b-c_d.e', '/a/*', '/*'])('accepts the address %s', (address) => {
    expect(problemsOf(`name: a\nsender: {adapter: HTTPS, address: "${address}"}\nsteps: []\n`)).toEqual([]);
  });

  it('refuses a key that is there twice', () => {
    expect(problemsOf('name: a\nname: b\nsender: {adapter: HTTPS, address: /a}\nsteps: []\n')[0]).toMatchObject({
      code: 'duplicate-key',
      line: 2,
    });
  });

  it('refuses what is not YAML with the line', () => {
    expect(problemsOf('name: a\nsender: {adapter: HTTPS\nsteps: []\n')[0]).toMatchObject({ code: 'syntax' });
  });

  it('refuses deep nesting without exhausting the stack', () => {
    expect(problemsOf('['.repeat(100_000))[0]?.code).toMatch(/limit-exceeded|syntax/);
  });

  it('refuses text that is not JSON as JSON, though it is YAML', () => {
    expect(() => readFlowDefinition({ mediaType: 'application/json', content: utf8('name: a') })).toThrow('Not JSON');
  });

  it('reads the same flow from JSON', () => {
    const yaml = flowWith('- filter: {xpath: //a}');
    const json = JSON.stringify(parse(yaml));
    const fromJson = readFlowDefinition({ mediaType: 'application/json', content: utf8(json) }).definition;
    expect({ ...fromJson, source: 'YAML' }).toEqual(read(yaml).definition);
  });

  it('keeps numbers as they are written', () => {
    const { definition } = read(flowWith('- contentModifier: {headers: {A: 1.10, B: 007}}'));
    expect(definition.processes[0]?.steps[0]).toMatchObject({ headers: [{ value: '1.10' }, { value: '007' }] });
  });

  it('refuses a process call that leads nowhere', () => {
    expect(problemsOf(flowWith('- processCall: {process: gone}'))[0]).toMatchObject({
      code: 'unresolved-reference',
      line: 4,
    });
  });
});

describe('the published JSON schema', () => {
  const file = new URL('./flow.schema.json', import.meta.url);

  it('is the file in the repository, which `npm run flow-schema` writes', () => {
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(flowJsonSchema());
  });

  it('accepts what the reader accepts and refuses what it refuses', () => {
    const validate = new Ajv2020({ strict: false, allErrors: true }).compile(flowJsonSchema());
    const good = flowWith(
      '- contentModifier: {headers: {X: "${date:now:yyyy}"}}\n- router: {routes: [{when: "${header.a} = 1", steps: [{end: {}}]}]}',
    );
    expect(validate(parse(good))).toBe(true);
    for (const bad of [
      flowWith('- filtr: {}'),
      'name: a\nsteps: []\n',
      'name: a\nsender: {adapter: FTP}\nsteps: []\n',
    ]) {
      expect(problemsOf(bad)).not.toEqual([]);
      expect(validate(parse(bad))).toBe(false);
    }
  });
});
