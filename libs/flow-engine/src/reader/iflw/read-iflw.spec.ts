import { admittedBy } from '@sluice/domain';
import { zipSync } from 'fflate';
import { describe, expect, it } from '@jest/globals';
import { checkFlow } from '../../check/check-flow.js';
import { compileFlow } from '../../compile/compile-flow.js';
import { FlowDefinitionError, type FlowProblem } from '../../error/flow-errors.js';
import { Message } from '../../message/message.js';
import { runFlow } from '../../run/run-flow.js';
import { fixedPorts, utf8 } from '../../testing/flow-fixture.js';
import { activity, END, escaped, flow, HTTPS, iflw, line, properties, START } from '../../testing/iflw-fixture.js';
import { type FlowDefinitionInput, readFlowDefinition, readFlowPackage } from '../read-flow-definition.js';
import { parseProperties } from './parse-properties.js';

const read = (xml: string, more: Partial<FlowDefinitionInput> = {}) =>
  readFlowDefinition({ mediaType: 'application/xml', content: utf8(xml), ...more });

function problems(xml: string, more: Partial<FlowDefinitionInput> = {}): readonly FlowProblem[] {
  try {
    read(xml, more);
    return [];
  } catch (error) {
    if (error instanceof FlowDefinitionError) return error.problems;
    throw error;
  }
}

const codes = (xml: string, more: Partial<FlowDefinitionInput> = {}): string[] =>
  problems(xml, more).map(({ code, element }) => `${code} ${element?.id ?? ''}`);

async function run(xml: string, message: Message, more: Partial<FlowDefinitionInput> = {}) {
  return await runFlow(compileFlow(read(xml, more).definition), message, fixedPorts());
}

describe('an .iflw', () => {
  it('puts parameters into properties and into cells of tables, whatever is in them', async () => {
    const rows = escaped(
      "<row><cell id='Action'>Create</cell><cell id='Type'>constant</cell><cell id='Value'>{{v}}</cell><cell id='Name'>{{n}}</cell></row>",
    );
    const xml = iflw(line(['S', activity('S', { activityType: 'Enricher', headerTable: rows })]), {
      sender: { ...HTTPS, urlPath: '{{addr}}' },
    });
    const parameters = { v: '<a>&</a>', n: 'X', addr: '/from' };
    const message = new Message();
    await run(xml, message, { parameters });
    expect(message.headers.get('X')).toBe('<a>&</a>');
    expect(read(xml, { parameters }).definition.senders[0]).toMatchObject({
      address: '/from',
      authorization: { role: 'R' },
    });
    expect(codes(xml, { parameters: { v: '' } }).sort()).toEqual(['unresolved-parameter M', 'unresolved-parameter S']);
  });

  it('reads the table format of very old steps', async () => {
    const xml = iflw(
      line([
        'S',
        activity('S', {
          activityType: 'Enricher',
          HEADER_1: 'Name:=:A:;Type:=:constant:;Datatype:=::;Value:=:y:;',
          property_1: 'Name:=:B:;Type:=:expression:;Datatype:=::;Value:=:${header.A}!:;',
        }),
      ]),
    );
    const message = new Message();
    await run(xml, message);
    expect([message.headers.get('A'), message.properties.get('B')]).toEqual(['y', 'y!']);
  });

  it('lists everything that is not offered, with element, id, name and the nearest thing', () => {
    const xml = iflw(
      line(
        ['A', activity('A', { activityType: 'Mapping', mappingType: 'MessageMapping' })],
        ['B', activity('B', { activityType: 'PGPEncryptor' })],
        ['C', activity('C', { activityType: 'NoSuchStep' })],
        ['D', activity('D', { activityType: 'Filter', wrapContent: '//a[' })],
        ['E', '<bpmn2:userTask id="E"/>'],
        ['G', '<bpmn2:complexGateway id="G"/>'],
      ),
      {
        channels: `<bpmn2:messageFlow id="M2" name="ftp" sourceRef="End" targetRef="P2">${properties({ ComponentType: 'SFTP', direction: 'Receiver' })}</bpmn2:messageFlow>`,
      },
    );
    const found = problems(xml);
    expect(found.map(({ code, element }) => `${code} ${element?.id}`).sort()).toEqual([
      'invalid-expression D',
      'unsupported-adapter M2',
      'unsupported-element G',
      'unsupported-step A',
      'unsupported-step B',
      'unsupported-step C',
      'unsupported-step E',
    ]);
    for (const problem of found)
      expect(problem.code === 'invalid-expression' || problem.nearest !== undefined).toBe(true);
    expect(found.find(({ element }) => element?.id === 'B')).toMatchObject({
      line: 3,
      element: { type: 'callActivity:PGPEncryptor', name: 'B' },
    });
  });

  it('refuses an id that is there twice, as something would be lost', () => {
    const filter = activity('S', { activityType: 'Filter', wrapContent: '//a' });
    expect(codes(iflw(line(['S', filter + filter])))).toContain('duplicate-id S');
  });

  it('refuses sequence flows and calls that lead nowhere, paths without an end, and circles', () => {
    expect(codes(iflw(START + END + flow('F', 'Start', 'Gone')))).toContain('unresolved-reference F');
    expect(
      codes(iflw(`${START}${activity('S', { activityType: 'Filter', wrapContent: '//a' })}${flow('F', 'Start', 'S')}`)),
    ).toContain('invalid-graph S');
    const circle =
      START +
      activity('S', { activityType: 'Filter', wrapContent: '//a' }) +
      activity('T', { activityType: 'Filter', wrapContent: '//a' });
    expect(codes(iflw(circle + flow('F1', 'Start', 'S') + flow('F2', 'S', 'T') + flow('F3', 'T', 'S')))).toEqual([
      'invalid-graph S',
    ]);
    expect(
      codes(
        iflw(
          line([
            'S',
            activity('S', {
              activityType: 'ProcessCallElement',
              subActivityType: 'NonLoopingProcess',
              processId: 'Gone',
            }),
          ]),
        ),
      ),
    ).toEqual(['unresolved-reference S']);
  });

  it('takes routes in the order of the gateway, the default last', async () => {
    const condition = (text: string): string =>
      `${properties({ expressionType: 'NonXML' })}<bpmn2:conditionExpression>${escaped(text)}</bpmn2:conditionExpression>`;
    const set = (id: string): string =>
      activity(id, { activityType: 'Enricher', bodyType: 'constant', wrapContent: id });
    const xml = iflw(
      `${START}<bpmn2:exclusiveGateway id="G" default="R3"><bpmn2:outgoing>R2</bpmn2:outgoing><bpmn2:outgoing>R1</bpmn2:outgoing><bpmn2:outgoing>R3</bpmn2:outgoing></bpmn2:exclusiveGateway>${set('A')}${set('B')}${set('C')}${END}` +
        flow('F0', 'Start', 'G') +
        flow('R1', 'G', 'A', condition('${header.n} > 1')) +
        flow('R2', 'G', 'B', condition('${header.n} > 5')) +
        flow('R3', 'G', 'C') +
        flow('F1', 'A', 'End') +
        flow('F2', 'B', 'End') +
        flow('F3', 'C', 'End'),
    );
    for (const [n, body] of [
      ['7', 'B'],
      ['3', 'A'],
      ['0', 'C'],
    ] as const)
      expect((await run(xml, new Message({ headers: [['n', n]] }))).message.text()).toBe(body);
  });

  it('runs a looping process call', async () => {
    const loop = activity(
      'L',
      { activityType: 'ProcessCallElement', subActivityType: 'LoopingProcess', processId: 'Local' },
      `<bpmn2:standardLoopCharacteristics loopMaximum="10"><bpmn2:loopCondition>${escaped("${body} not contains 'xxx'")}</bpmn2:loopCondition></bpmn2:standardLoopCharacteristics>`,
    );
    const local = `<bpmn2:process id="Local">${properties({ processType: 'directCall' })}<bpmn2:startEvent id="LS"/>${activity('X', { activityType: 'Enricher', bodyType: 'expression', wrapContent: '${body}x' })}<bpmn2:endEvent id="LE"/>${flow('LF1', 'LS', 'X')}${flow('LF2', 'X', 'LE')}</bpmn2:process>`;
    expect((await run(iflw(line(['L', loop]), { more: local }), new Message({ body: '' }))).message.text()).toBe('xxx');
  });

  it('runs multicast, join and gather', async () => {
    const body = (id: string): string =>
      activity(id, { activityType: 'Enricher', bodyType: 'constant', wrapContent: escaped(`<${id}/>`) });
    const xml = iflw(
      `${START}<bpmn2:parallelGateway id="MC">${properties({ activityType: 'Multicast', subActivityType: 'parallel' })}</bpmn2:parallelGateway>${body('A')}${body('B')}<bpmn2:parallelGateway id="J">${properties({ activityType: 'Join' })}</bpmn2:parallelGateway>${activity('G', { activityType: 'Gather', messageType: 'DifferentXMLFormat', aggregationAlgorithm: 'sap-multi-mapping' })}${END}` +
        flow('F0', 'Start', 'MC') +
        flow('F1', 'MC', 'A') +
        flow('F2', 'MC', 'B') +
        flow('F3', 'A', 'J') +
        flow('F4', 'B', 'J') +
        flow('F5', 'J', 'G') +
        flow('F6', 'G', 'End'),
    );
    expect((await run(xml, new Message())).message.text()).toContain(
      '<multimap:Message1><A/></multimap:Message1><multimap:Message2><B/></multimap:Message2>',
    );
  });

  it('needs a port for Groovy, tells what it uses, and runs JavaScript of the artifact', () => {
    const groovy = activity('S', {
      activityType: 'Script',
      subActivityType: 'GroovyScript',
      script: 'a.groovy',
      scriptFunction: 'run',
    });
    const files = new Map([
      [
        'script/a.groovy',
        utf8(
          'import groovy.json.JsonSlurper\n// getProperties in a comment\ndef run(message) { for (x in []) {}; message.setBody(new JsonSlurper().parseText(message.getBody(String))) }',
        ),
      ],
    ]);
    const report = checkFlow({
      name: 'a.iflw',
      mediaType: 'application/xml',
      content: utf8(iflw(line(['S', groovy]))),
      files,
    });
    expect(report.flows[0]).toMatchObject({
      verdict: 'needs-scripts',
      scriptsToPort: [
        {
          script: 'a.groovy',
          functions: ['run'],
          ported: false,
          uses: {
            imports: ['groovy.json.JsonSlurper'],
            messageApi: ['getBody', 'setBody'],
            features: ['loops', 'JSON parsing or building'],
          },
        },
      ],
    });
    const { definition } = read(iflw(line(['S', groovy])), { files, ports: { 'a.js': 'function run(m) {}' } });
    expect(definition.scripts).toEqual({ 'a.groovy': { source: 'function run(m) {}', portedFrom: 'Groovy' } });
    const script = activity('S', { activityType: 'Script', subActivityType: 'JavaScript', script: 'b.js' });
    expect(
      read(iflw(line(['S', script])), { files: new Map([['script/b.js', utf8('x')]]) }).definition.scripts,
    ).toEqual({ 'b.js': { source: 'x' } });
    expect(codes(iflw(line(['S', script])))).toEqual(['missing-resource S']);
  });

  it('refuses settings that would change who may call or what is sent', () => {
    const empty = line();
    expect(codes(iflw(empty, { sender: { ...HTTPS, senderAuthType: 'Magic' } }))).toEqual(['unsupported-setting M']);
    expect(codes(iflw(empty, { sender: { ...HTTPS, senderAuthType: 'ClientCertificate' } }))).toEqual([
      'missing-key M',
    ]);
    expect(codes(iflw(empty, { sender: { ...HTTPS, userRole: 'no role' } }))).toEqual(['invalid-value M']);
    const unreadable = escaped(
      "<row><cell id='clientCertificate.subjectDN'>/CN=a</cell><cell id='clientCertificate.issuerDN'>CN=b</cell></row>",
    );
    expect(
      codes(iflw(empty, { sender: { ...HTTPS, senderAuthType: 'ClientCertificate', clientCertificates: unreadable } })),
    ).toEqual(['invalid-value M']);
    expect(codes(iflw(empty, { sender: { ...HTTPS, urlPath: '/a/../b' } }))).toEqual(['invalid-address M']);
    expect(codes(iflw(empty, { sender: { ...HTTPS, ComponentType: 'AS2' } }))).toEqual(['unsupported-adapter M']);
    expect(
      codes(
        iflw(empty, { sender: { ...HTTPS, ComponentType: 'SOAP', address: '/s', WSSecurity: 'WithSecurityPolicy' } }),
      ),
    ).toEqual(['unsupported-setting M']);
    expect(codes(iflw(empty, { flowProperties: { corsEnabled: 'true' } }))).toEqual(['unsupported-setting Coll']);
    const receiver = (entries: Record<string, string>): string =>
      `<bpmn2:messageFlow id="M2" sourceRef="End" targetRef="P2">${properties({ ComponentType: 'HTTP', direction: 'Receiver', httpAddressWithoutQuery: 'http://r/', ...entries })}</bpmn2:messageFlow>`;
    expect(codes(iflw(empty, { channels: receiver({ authenticationMethod: 'PrincipalPropagation' }) }))).toEqual([
      'unsupported-setting M2',
    ]);
    expect(codes(iflw(empty, { channels: receiver({ proxyType: 'sapcc' }) }))).toEqual(['unsupported-setting M2']);
    expect(codes(iflw(empty, { channels: receiver({ httpRequestTimeout: 'soon' }) }))).toEqual(['invalid-value M2']);
  });

  it('admits by role what the reference product recommends, and never Basic: an artifact has no setting that names it', () => {
    const { definition, warnings } = read(iflw(line(), { sender: HTTPS }));
    const [sender] = definition.senders;
    if (!sender || !('authorization' in sender)) throw new Error('There is no sender on HTTP.');
    expect(admittedBy(sender)).toEqual(['certificate', 'token']);
    expect(warnings).toEqual([]);
  });

  it('reads pairs of DNs with a warning, and the namespaces of the flow', async () => {
    const rows = escaped(
      "<row><cell id='clientCertificate.subjectDN'>CN=a</cell><cell id='clientCertificate.issuerDN'>CN=b</cell></row><row><cell id='clientCertificate.subjectDN'>CN=c</cell><cell id='clientCertificate.issuerDN'>CN=d</cell></row>",
    );
    const xml = iflw(line(['S', activity('S', { activityType: 'Filter', wrapContent: '/p:a/text()' })]), {
      sender: { ...HTTPS, senderAuthType: 'ClientCertificate', clientCertificates: rows },
      flowProperties: { namespaceMapping: 'xmlns:p=urn:p' },
    });
    const { definition, warnings } = read(xml);
    expect(warnings.map(({ code }) => code)).toEqual(['client-certificate-authorization']);
    expect(definition.senders[0]).toMatchObject({
      authorization: {
        certificates: [
          { subjectDN: 'CN=a', issuerDN: 'CN=b' },
          { subjectDN: 'CN=c', issuerDN: 'CN=d' },
        ],
      },
    });
    expect((await run(xml, new Message({ body: '<a xmlns="urn:p">t</a>' }))).message.text()).toBe('t');
  });

  it.each([
    '',
    '<a/>',
    'text',
    '<bpmn2:definitions/>',
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
  ])('refuses %j', (xml) => {
    expect(problems(xml)[0]?.code).toMatch(/^(syntax|not-a-flow)$/);
  });
});

describe('archives', () => {
  const artifact = (name: string, xml: string): Uint8Array =>
    zipSync({
      'META-INF/MANIFEST.MF': utf8(
        `Bundle-Name: ${name}\r\nBundle-SymbolicName: ${name.slice(0, 3)}\r\n ${name.slice(3)}; singleton:=true\r\nSAP-BundleType: IntegrationFlow\r\n`,
      ),
      [`src/main/resources/scenarioflows/integrationflow/${name}.iflw`]: utf8(xml),
      'src/main/resources/parameters.prop': utf8('addr=/one\n'),
    });

  it('reads the flows of a package, each for itself, and tells what is no flow', () => {
    const index = {
      resources: [
        { id: 'a'.repeat(32), name: 'One.zip', resourceType: 'IFlow' },
        { id: 'b'.repeat(32), name: 'Two.zip', resourceType: 'IFlow' },
        { id: 'c'.repeat(32), displayName: 'Map', resourceType: 'ValueMapping' },
      ],
    };
    const content = zipSync({
      'resources.cnt': utf8(btoa(JSON.stringify(index))),
      [`${'a'.repeat(32)}_content`]: artifact('OneFlow', iflw(line(), { sender: { ...HTTPS, urlPath: '{{addr}}' } })),
      [`${'b'.repeat(32)}_content`]: artifact('TwoFlow', iflw(line(['S', activity('S', { activityType: 'Nope' })]))),
      [`${'c'.repeat(32)}_content`]: utf8('text'),
    });
    const { flows, others } = readFlowPackage({ content });
    expect(flows).toEqual([
      expect.objectContaining({
        id: 'OneFlow',
        flow: expect.objectContaining({ definition: expect.objectContaining({ name: 'OneFlow' }) }),
      }),
      expect.objectContaining({ id: 'TwoFlow', problems: [expect.objectContaining({ code: 'unsupported-step' })] }),
    ]);
    expect(others).toEqual([{ name: 'Map', kind: 'ValueMapping' }]);
    expect(() => readFlowDefinition({ mediaType: 'application/zip', content })).toThrow('2 flows');
  });

  it('refuses what is no archive, has no flow, or is a bomb', () => {
    const reads = (content: Uint8Array) => () => readFlowDefinition({ mediaType: 'application/zip', content });
    expect(reads(utf8('PK no'))).toThrow(FlowDefinitionError);
    expect(reads(zipSync({ 'a.txt': utf8('x') }))).toThrow('no flow');
    expect(reads(zipSync({ 'a.iflw': new Uint8Array(20 * 1024 * 1024) }))).toThrow('too large');
    let nested = artifact('Deep', iflw(line()));
    for (let depth = 0; depth < 8; depth++) nested = zipSync({ 'inner.zip': nested });
    expect(reads(nested)).toThrow('nested more than');
  });
});

describe('parameters.prop', () => {
  it('is read as Java does', () => {
    const text =
      '# comment\n! too\nplain=value\nwith\\ blank = b\\tc\nurl=https\\://x/y\nlong=a\\\n   b\nempty=\nkey only\ncolon:c\nuni=\\u00e4\nback=c\\\\\n';
    expect(Object.fromEntries(parseProperties(text))).toEqual({
      plain: 'value',
      'with blank': 'b\tc',
      url: 'https://x/y',
      long: 'ab',
      empty: '',
      key: 'only',
      colon: 'c',
      uni: 'ä',
      back: 'c\\',
    });
  });
});
