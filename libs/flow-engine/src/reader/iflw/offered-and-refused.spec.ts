import { describe, expect, it } from '@jest/globals';
import { FlowDefinitionError } from '../../error/flow-errors.js';
import { utf8 } from '../../testing/flow-fixture.js';
import { activity, END, escaped, flow, HTTPS, iflw, line, properties, START } from '../../testing/iflw-fixture.js';
import { readFlowDefinition } from '../read-flow-definition.js';

const read = (xml: string) => readFlowDefinition({ mediaType: 'application/xml', content: utf8(xml) });
/** What is wrong with it: the code and the sentence of each problem. */
function problems(xml: string): string[] {
  try {
    read(xml);
    return [];
  } catch (error) {
    if (error instanceof FlowDefinitionError) return error.problems.map(({ code, message }) => `${code}: ${message}`);
    throw error;
  }
}
const warnings = (xml: string): string[] => read(xml).warnings.map(({ code, message }) => `${code}: ${message}`);

const receiver = (settings: Record<string, string>): string =>
  iflw(
    line(['Call', `<bpmn2:serviceTask id="Call">${properties({ activityType: 'ExternalCall' })}</bpmn2:serviceTask>`]),
    {
      channels: `<bpmn2:messageFlow id="R" name="" sourceRef="Call" targetRef="P2">${properties({ direction: 'Receiver', ...settings })}</bpmn2:messageFlow>`,
    },
  );
const receiverOf = (settings: Record<string, string>) => read(receiver(settings)).definition.receivers[0];
const sender = (settings: Record<string, string>): string => iflw(line(), { sender: { ...HTTPS, ...settings } });
const step = (settings: Record<string, string>): string => iflw(line(['S', activity('S', settings)]));
const stepOf = (settings: Record<string, string>) =>
  read(step(settings))
    .definition.processes.flatMap(({ steps }) => steps)
    .find(({ id }) => id === 'S');
const rows = (...list: Record<string, string>[]): string =>
  escaped(
    list
      .map(
        (cells) =>
          `<row>${Object.entries(cells)
            .map(([id, value]) => `<cell id='${id}'>${value}</cell>`)
            .join('')}</row>`,
      )
      .join(''),
  );

const http = { ComponentType: 'HTTP', httpAddressWithoutQuery: 'https://a.example' };
const soap = { ComponentType: 'SOAP', address: 'https://a.example', operationName: 'op', soapAction: 'urn:op' };
const mail = { ComponentType: 'Mail', server: 'mail.example:25' };

describe('a receiver channel of an .iflw', () => {
  it.each<[string, Record<string, string>, object]>([
    [
      'HTTP with what it says nothing of',
      http,
      {
        adapter: 'HTTP',
        name: 'HTTP',
        method: 'POST',
        timeoutMs: 60_000,
        retries: 0,
        throwOnFailure: true,
        requestHeaders: ['*'],
      },
    ],
    [
      'HTTP by its variant alone',
      { cmdVariantUri: 'ctype::AdapterVariant/cname::sap:HTTP/tp::HTTP', httpAddressWithoutQuery: 'https://a.example' },
      { adapter: 'HTTP' },
    ],
    ['a time-out of 0 is the default', { ...http, httpRequestTimeout: '0' }, { timeoutMs: 60_000 }],
    [
      'a method that is found at the call',
      { ...http, httpMethod: 'Dynamic', methodSourceExpression: '${header.m}' },
      { method: '${header.m}' },
    ],
    [
      'retries, never more than ten',
      { ...http, retryOnConnectionFailure: 'true', retryIteration: '99', retryInterval: '2' },
      { retries: 10, retryIntervalMs: 2_000 },
    ],
    ['headers of a list', { ...http, allowedRequestHeaders: 'A| B ,,C' }, { requestHeaders: ['A', 'B', 'C'] }],
    ['headers of none', { ...http, allowedRequestHeaders: '' }, { requestHeaders: [] }],
    [
      'Basic',
      { ...http, authenticationMethod: 'Basic', credentialName: 'c' },
      { authentication: { type: 'Basic', credential: 'c' } },
    ],
    [
      'OAuth2',
      { ...http, authenticationMethod: 'OAuth2 Client Credentials', credentialName: 'c' },
      { authentication: { type: 'OAuth2ClientCredentials', credential: 'c' } },
    ],
    [
      'a client certificate',
      { ...http, authenticationMethod: 'Client Certificate', privateKeyAlias: 'k' },
      { authentication: { type: 'ClientCertificate', keyAlias: 'k' } },
    ],
    ['SOAP 1.1', soap, { adapter: 'SOAP', soapVersion: '1.1', soapAction: 'urn:op', timeoutMs: 60_000 }],
    [
      'SOAP 1.2 without an operation has no action',
      { ...soap, MessageProtocol: 'SOAP 1.2', operationName: '', requestTimeout: '0' },
      { soapVersion: '1.2', soapAction: '', timeoutMs: 60_000 },
    ],
    ['ProcessDirect', { ComponentType: 'ProcessDirect', address: 'a' }, { address: '/a' }],
    [
      'ProcessDirect to an address that is found at the call',
      { ComponentType: 'ProcessDirect', address: '${header.to}' },
      { address: '${header.to}' },
    ],
    [
      'Mail with what it says nothing of',
      mail,
      {
        security: 'off',
        authentication: 'none',
        contentType: 'text/plain',
        contentEncoding: 'UTF-8',
        timeoutMs: 30_000,
      },
    ],
    [
      'Mail by TLS and a password in clear',
      { ...mail, ssl: 'smtps', auth: 'loginPlain', user: 'u' },
      { security: 'smtps', authentication: 'loginPlain', credential: 'u' },
    ],
    [
      'Mail by a password that is not sent in clear',
      { ...mail, ssl: 'nonsense', auth: 'loginEncrypted', content_type: 'text/html', timeout: '5' },
      { security: 'off', authentication: 'loginEncrypted', contentType: 'text/html' },
    ],
  ])('is read: %s', (_what, settings, expected) => {
    expect(receiverOf(settings)).toMatchObject(expected);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['an adapter that there is not', { ComponentType: 'SFTP' }, /unsupported-adapter: The receiver adapter "SFTP"/],
    ['no adapter at all', {}, /unsupported-adapter: The receiver adapter "unknown"/],
    ['the cloud connector', { ...http, proxyType: 'sapcc' }, /cloud connector is not offered/],
    ['a proxy of its own', { ...http, proxyType: 'Manual', proxyHost: 'p' }, /proxy of a channel is not offered/],
    [
      'an authentication that there is not',
      { ...http, authenticationMethod: 'Kerberos' },
      /authentication "Kerberos" is not offered/,
    ],
    ['WS-Security', { ...soap, WSSecurity_outbound: 'Sign' }, /WS-Security \("Sign"\) is not offered/],
    ['S/MIME', { ...mail, 'encrypt.type': 'Sign' }, /S\/MIME is not offered/],
    ['an address that is none', { ComponentType: 'ProcessDirect', address: '/a b' }, /invalid-address/],
  ])('is refused with %s', (_what, settings, problem) => {
    expect(problems(receiver(settings)).join('\n')).toMatch(problem);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['no address', { ComponentType: 'HTTP' }, /has no address/],
    ['no credential', { ...http, authenticationMethod: 'Basic' }, /names no credentialName/],
    ['attachments', { ...mail, keep_attachments: 'true' }, /Attachments of the message/],
  ])('is taken with a warning with %s', (_what, settings, warning) => {
    expect(warnings(receiver(settings)).join('\n')).toMatch(warning);
  });
});

describe('a sender channel of an .iflw', () => {
  const dn = (subject: string, issuer: string) => ({
    'clientCertificate.subjectDN': subject,
    'clientCertificate.issuerDN': issuer,
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['an authorization that there is not', { senderAuthType: 'OAuth' }, /authorization "OAuth" is not offered/],
    ['a role that is none', { userRole: 'no role' }, /invalid-value: role/],
    ['certificates of nobody', { senderAuthType: 'ClientCertificate' }, /lists no subject and issuer DN/],
    [
      'a certificate without an issuer',
      { senderAuthType: 'ClientCertificate', clientCertificates: rows(dn('CN=a', '')) },
      /lacks its subject or its issuer/,
    ],
    [
      'a name that is none',
      { senderAuthType: 'ClientCertificate', clientCertificates: rows(dn('a', 'CN=b')) },
      /invalid-value: certificates\[0\]\.subjectDN/,
    ],
    ['an address that is none', { urlPath: '/a b' }, /invalid-address/],
    [
      'a message it keeps until it was processed',
      { ComponentType: 'SOAP', address: '/a', MessageProtocol: 'WS-RM' },
      /./,
    ],
  ])('is refused with %s', (_what, settings, problem) => {
    expect(problems(sender(settings)).join('\n')).toMatch(problem);
  });

  it('takes the rows of an old table of certificates by their places', () => {
    const settings = { senderAuthType: 'ClientCertificate', clientCertificates: rows({ 0: 'CN=a', 1: 'CN=b' }) };
    expect(read(sender(settings)).definition.senders[0]).toMatchObject({
      authorization: { type: 'ClientCertificate', certificates: [{ subjectDN: 'CN=a', issuerDN: 'CN=b' }] },
    });
  });
});

describe('a step of an .iflw', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['an encoding that there is not', { activityType: 'Encoder', encoderType: 'Rot13' }, /"Rot13" is not offered/],
    [
      'a result of a filter that there is not',
      { activityType: 'Filter', wrapContent: '//a', xpathType: 'Map' },
      /result type "Map" is not offered/,
    ],
    [
      'a value from where there is none',
      { activityType: 'Enricher', headerTable: rows({ Action: 'Create', Type: 'magic', Value: 'v', Name: 'A' }) },
      /magic/,
    ],
    [
      'a strategy to gather that there is not',
      { activityType: 'Gather', aggregationAlgorithm: 'by-magic' },
      /by-magic/,
    ],
    [
      'a call of no process, again and again',
      { activityType: 'ProcessCallElement', subActivityType: 'LoopingProcess', processId: 'Main' },
      /has no condition/,
    ],
  ])('is refused with %s', (_what, settings, problem) => {
    expect(problems(step(settings)).join('\n')).toMatch(problem);
  });

  it.each<[string, Record<string, string>, object]>([
    ['Base64', { activityType: 'Encoder', encoderType: 'Base64 Encode' }, { type: 'encode', encoding: 'Base64' }],
    ['GZIP', { activityType: 'Decoder', encoderType: 'GZIP Decompression' }, { type: 'decode', encoding: 'GZIP' }],
    ['ZIP', { activityType: 'Encoder', encoderType: 'ZIP Compression' }, { type: 'encode', encoding: 'ZIP' }],
    [
      'a filter of one text',
      { activityType: 'Filter', xpath: '//a', xpathType: 'String' },
      { type: 'filter', xpath: '//a' },
    ],
    [
      'parts joined as text',
      { activityType: 'Gather', messageType: 'Plain Text' },
      { strategy: { type: 'concatenate' } },
    ],
    [
      'parts put where they are wanted',
      { activityType: 'Gather', aggregationAlgorithm: 'combine-at-xpath', sourceXPath: '/a', targetXPath: '/b' },
      { strategy: { type: 'combineAtXPath', source: '/a', target: '/b' } },
    ],
    [
      'what a message loses',
      { activityType: 'Enricher', headerTable: rows({ Action: 'Delete', Name: 'A' }) },
      { type: 'contentModifier' },
    ],
    [
      'a variable for every flow',
      { activityType: 'Variables', variable: rows({ Name: 'v', Scope: 'global', Type: 'xpath', Value: '//a' }) },
      { type: 'writeVariables' },
    ],
  ])('is read: %s', (_what, settings, expected) => {
    expect(stepOf(settings)).toMatchObject(expected);
  });
});

describe('a process of an .iflw', () => {
  const gateway = (id: string, inner = ''): string =>
    `<bpmn2:exclusiveGateway id="${id}">${inner}</bpmn2:exclusiveGateway>`;
  const filter = activity('S', { activityType: 'Filter', wrapContent: '//a' });

  it.each<[string, string, RegExp]>([
    ['no start', END, /no start event/],
    [
      'two starts',
      `${START}${START.replace('"Start"', '"Start2"')}${END}${flow('F', 'Start', 'End')}${flow('G', 'Start2', 'End')}`,
      /one start event/,
    ],
    [
      'a route without a condition',
      `${START}${gateway('G')}${END}${flow('F', 'Start', 'G')}${flow('R', 'G', 'End')}`,
      /no condition and is not the default/,
    ],
    ['a router without routes', `${START}${gateway('G')}${flow('F', 'Start', 'G')}`, /router has no routes/],
    [
      'a multicast without branches',
      `${START}<bpmn2:parallelGateway id="G">${properties({ activityType: 'Multicast' })}</bpmn2:parallelGateway>${flow('F', 'Start', 'G')}`,
      /multicast has no branches/,
    ],
    [
      'a gateway that there is not',
      `${START}<bpmn2:parallelGateway id="G">${properties({ activityType: 'Magic' })}</bpmn2:parallelGateway>${END}${flow('F', 'Start', 'G')}${flow('H', 'G', 'End')}`,
      /unsupported/,
    ],
    [
      'an end that there is not',
      `${START}<bpmn2:endEvent id="End"><bpmn2:cancelEventDefinition/></bpmn2:endEvent>${flow('F', 'Start', 'End')}`,
      /unsupported/,
    ],
    [
      'a subprocess of another kind',
      `${line(['S', filter])}<bpmn2:subProcess id="P">${properties({ activityType: 'Magic' })}</bpmn2:subProcess>`,
      /unsupported/,
    ],
    [
      'a subprocess in a subprocess',
      `${line(['S', filter])}<bpmn2:subProcess id="P">${properties({ activityType: 'ErrorEventSubProcessTemplate' })}<bpmn2:startEvent id="E"><bpmn2:errorEventDefinition/></bpmn2:startEvent><bpmn2:endEvent id="Z"/><bpmn2:subProcess id="Q">${properties({ activityType: 'ErrorEventSubProcessTemplate' })}</bpmn2:subProcess>${flow('X', 'E', 'Z')}</bpmn2:subProcess>`,
      /holds no subprocess/,
    ],
    [
      'two exception subprocesses',
      line(['S', filter]) +
        ['P', 'Q']
          .map(
            (id) =>
              `<bpmn2:subProcess id="${id}">${properties({ activityType: 'ErrorEventSubProcessTemplate' })}<bpmn2:startEvent id="E${id}"><bpmn2:errorEventDefinition/></bpmn2:startEvent><bpmn2:endEvent id="Z${id}"/>${flow(`X${id}`, `E${id}`, `Z${id}`)}</bpmn2:subProcess>`,
          )
          .join(''),
      /exception subprocess/i,
    ],
    ['something that is not of BPMN', `${line(['S', filter])}<ifl:strange/>`, /not of BPMN 2\.0/],
  ])('is refused with %s', (_what, process, problem) => {
    expect(problems(iflw(process)).join('\n')).toMatch(problem);
  });

  it('runs the branches of a sequential multicast in the order of its table', () => {
    const table = rows({ 0: '1', 1: 'B' }, { 0: '2', 1: 'A' });
    const process = `${START}<bpmn2:parallelGateway id="G">${properties({ activityType: 'Multicast', subActivityType: 'sequential', routeSequenceTable: table })}</bpmn2:parallelGateway>${END}<bpmn2:endEvent id="End2"><bpmn2:messageEventDefinition/></bpmn2:endEvent>${flow('F', 'Start', 'G')}${flow('A', 'G', 'End')}${flow('B', 'G', 'End2')}`;
    const [multicast] = read(iflw(process))
      .definition.processes.flatMap(({ steps }) => steps)
      .filter(({ type }) => type === 'multicast');
    expect(multicast).toMatchObject({ mode: 'sequential', branches: [{ name: 'B' }, { name: 'A' }] });
  });
});
