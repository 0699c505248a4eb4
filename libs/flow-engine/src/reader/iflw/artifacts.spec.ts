import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { zipSync } from 'fflate';
import { checkFlow, type FlowCheck } from '../../check/check-flow.js';
import { compileFlow } from '../../compile/compile-flow.js';
import { Message } from '../../message/message.js';
import type { FlowPorts } from '../../port/flow-ports.js';
import { runFlow } from '../../run/run-flow.js';
import { FakeHttp, MemoryDataStore, MemoryVariables, fixedPorts, utf8 } from '../../testing/flow-fixture.js';
import { readFlowDefinition, readFlowPackage } from '../read-flow-definition.js';

const SHARED = join(import.meta.dirname, '../../../../../../shared/iflows');
const present = existsSync(SHARED);
if (!present) console.warn(`Skipped: the collection of artifacts is not at ${SHARED}.`);
const whenPresent = present ? describe : describe.skip;

function load(id: string): { content: Uint8Array; files: Map<string, Uint8Array>; name: string } {
  const folder = join(SHARED, 'files', id);
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  const flow = names.find((name) => name.endsWith('.iflw')) as string;
  const files = new Map(
    names
      .filter((name) => name !== flow)
      .map((name) => [relative('.', name), new Uint8Array(readFileSync(join(folder, name)))]),
  );
  return { content: readFileSync(join(folder, flow)), files, name: flow };
}

const check = (id: string): FlowCheck => checkFlow({ mediaType: 'application/xml', ...load(id) }).flows[0] as FlowCheck;

async function run(
  id: string,
  message: Message,
  ports: Partial<FlowPorts> = {},
  extra: {
    parameters?: Record<string, string>;
    sender?: number;
    ports?: Record<string, string>;
    files?: Map<string, Uint8Array>;
  } = {},
) {
  const { content, files } = load(id);
  for (const [name, bytes] of extra.files ?? []) files.set(name, bytes);
  const { definition } = readFlowDefinition({
    mediaType: 'application/xml',
    content,
    files,
    ...(extra.parameters === undefined ? {} : { parameters: extra.parameters }),
    ...(extra.ports === undefined ? {} : { ports: extra.ports }),
  });
  const flow = compileFlow(JSON.parse(JSON.stringify(definition)) as typeof definition);
  const sender = definition.senders[extra.sender ?? 0];
  return await runFlow(flow, message, fixedPorts(ports), sender === undefined ? {} : { sender: sender.id });
}

whenPresent('verdicts on real artifacts', () => {
  it.each([
    ['2e80ce766c411b3f', 'supported', []],
    ['711c39994e3e5d93', 'supported', []],
    ['914bd1296c0cc1a6', 'needs-scripts', ['script-port-required']],
    ['9c34c8ad15ace8aa', 'refused', ['missing-resource', 'missing-resource', 'unsupported-setting']],
    ['11e8db031b24bbe4', 'needs-scripts', ['script-port-required']],
    ['7ecf259cb27878bd', 'supported', []],
    ['513e7d0dd87aeb83', 'supported', []],
    ['ee6121b174621f9f', 'supported', []],
    ['f96c07d034150feb', 'supported', []],
    ['4c2772edc568fdc7', 'supported', []],
    ['d93f95158b1f6844', 'refused', ['unresolved-parameter', 'unsupported-step']],
    ['66ad26f59d94fe36', 'supported', []],
    ['26219b733715100e', 'supported', []],
    ['92f97db1d270cb4b', 'supported', []],
    ['37eb8c971b6dc671', 'refused', ['missing-resource', 'missing-resource']],
    ['bb05fabff45dd32e', 'refused', ['missing-resource']],
    ['76c94939f74d8b21', 'refused', ['unsupported-adapter']],
    [
      '0a99a1faf9b02e49',
      'refused',
      [
        'missing-resource',
        'missing-resource',
        'missing-resource',
        'missing-resource',
        'missing-resource',
        'unsupported-step',
      ],
    ],
  ])('%s is %s', (id, verdict, codes) => {
    const found = check(id);
    expect([found.verdict, found.problems.map(({ code }) => code).sort()]).toEqual([verdict, codes]);
    for (const problem of found.problems) expect(problem.element?.id ?? '').not.toBe('');
  });

  it('names each adapter, mapping and script of a flow that needs many', () => {
    const found = check('2f8f57d21c22ef6f');
    expect(found.verdict).toBe('refused');
    expect(found.problems.filter(({ code }) => code === 'unsupported-adapter')).toHaveLength(3);
    expect(found.problems.filter(({ code }) => code === 'unsupported-step')).toHaveLength(1);
    expect(found.scriptsToPort).toEqual([expect.objectContaining({ script: 'custom script.groovy', ported: false })]);
    expect(found.scriptsToPort[0]?.steps).toHaveLength(8);
  });

  it('reads whole zips, a package too', () => {
    for (const name of readdirSync(join(SHARED, 'zips'))) {
      const content = readFileSync(join(SHARED, 'zips', name));
      expect(checkFlow({ name, mediaType: 'application/zip', content }).flows).toHaveLength(1);
    }
    const content = readFileSync(join(SHARED, 'zips', 'AzureBlobConnectivityusingSAPPrivateLinkService.zip'));
    const { flows } = readFlowPackage({ content });
    expect(flows).toEqual([
      expect.objectContaining({ id: 'AzureBlobConnectivityPrivateLinkServiceSample', flow: expect.anything() }),
    ]);
    const around = zipSync({ 'inner.zip': content });
    expect(readFlowDefinition({ mediaType: 'application/zip', content: around }).definition.senders[0]).toMatchObject({
      address: '/privatelink/approuter',
      csrfProtection: true,
    });
  });
});

whenPresent('supported artifacts run', () => {
  it('answers with a constant (JE Post Simulate)', async () => {
    const outcome = await run('2e80ce766c411b3f', new Message({ body: '<je/>' }));
    expect([outcome.status, outcome.message.text()]).toEqual(['COMPLETED', 'Journal Entry Simulation Successful!']);
  });

  it('calls another flow with headers from parameters (IDOC_Module_Test_RM)', async () => {
    const seen: unknown[] = [];
    const processDirect = {
      call: (address: string, message: Message) => {
        seen.push(address, message.headers.get('idoc_conversionType'));
        return new Message({ body: '<IDOC/>' });
      },
    };
    const outcome = await run('711c39994e3e5d93', new Message({ body: 'flat' }), { processDirect });
    expect([seen, outcome.message.text()]).toEqual([['/IDOCFlatConvertor/convert', 'Flat2XML'], '<IDOC/>']);
  });

  it('runs a ported script (MessageTransformBean)', async () => {
    const port = 'function processData(message) { return message }';
    const script = {
      run: ({ source, message }: { source: string; message: Message }) => {
        message.body = `${source.length}${message.text().replaceAll('\r\n', '\n')}`;
      },
    };
    const outcome = await run(
      '914bd1296c0cc1a6',
      new Message({ body: 'a\r\nb' }),
      { script },
      { ports: { 'ConvertCRLFfromToLF.groovy.js': port } },
    );
    expect(outcome.message.text()).toBe(`${port.length}a\nb`);
    expect(outcome.message.properties.has('Conversion.mode')).toBe(true);
  });

  it('buffers contacts and calls a SOAP service (MarketingOCCall)', async () => {
    const address = 'https://cpi/CreateDistributionLink';
    const http = new FakeHttp({ [address]: () => ({ body: '' }) });
    const dataStore = new MemoryDataStore();
    const script = {
      run: ({ message }: { message: Message }) =>
        void message.properties.set('DataStoreId', `k-${String(message.properties.get('DataStoreId'))}`),
    };
    const member = (id: number) =>
      `{"TargetGroupMemberAttributeData": [{"AttributeId": "CONTACT_ID", "Value": "${id}"}, {"AttributeId": "X", "Value": "y"}]}`;
    const json = `{"d": {"CampaignId": "77", "Name": "Spring", "MarketingAreaId": "GLOBAL", "CampaignTargetGroupMembers": [${member(1)}, ${member(2)}]}}`;
    const message = new Message({ headers: [['CamelHttpMethod', 'POST']], body: json });
    const extra = {
      parameters: { 'URL of distribution link creation iFlow': 'https://cpi', 'CPI User Credentials': 'cpi' },
      ports: { 'script2.groovy': '//' },
    };
    const outcome = await run('11e8db031b24bbe4', message, { http, dataStore, script }, extra);
    expect(outcome.error).toBeUndefined();
    expect([...dataStore.entries.keys()]).toEqual([
      'global/QualtricsCampaignBuffer/k-1',
      'global/QualtricsCampaignBuffer/k-2',
    ]);
    const sent = new TextDecoder().decode(http.requests[0]?.body ?? undefined);
    expect(sent).toContain('<CampaignId>77</CampaignId>');
    expect(sent.match(/<CampaignTargetGroupMembers[ >]/g)).toHaveLength(2);
    const get = new Message({ headers: [['CamelHttpMethod', 'GET']], body: '' });
    expect((await run('11e8db031b24bbe4', get, { http }, extra)).status).toBe('COMPLETED');
    expect(http.requests).toHaveLength(1);
  });

  it.each(['7ecf259cb27878bd', '513e7d0dd87aeb83'])('passes on, and escalates when that fails (%s)', async (id) => {
    const calls: string[] = [];
    const extraction = check(id)
      .receivers.map((receiver) => receiver.replace('ProcessDirect ', ''))
      .find((address) => address !== '/tpm/exception/com/flow') as string;
    const good = {
      call: (address: string, message: Message) => {
        calls.push(address);
        return message;
      },
    };
    const outcome = await run(id, new Message({ body: '<doc/>' }), { processDirect: good });
    expect([outcome.status, calls, outcome.message.headers.get('SAP_AS2MessageContentType')]).toEqual([
      'COMPLETED',
      [extraction],
      'application/XML',
    ]);
    const bad = {
      call: (address: string, message: Message) => {
        if (address === extraction) throw new Error('no such flow');
        return message;
      },
    };
    const failed = await run(id, new Message({ body: '<doc/>' }), { processDirect: bad });
    expect([failed.status, failed.error?.message]).toEqual(['ESCALATED', expect.stringContaining('ReceiverNotFound')]);
  });

  it('gets a token and calls with it (ODataServicePrivateLink)', async () => {
    const http = new FakeHttp({
      'https://xsuaa/oauth/token': () => ({
        headers: { 'content-type': 'application/json' },
        body: '{"access_token": "T0ken", "expires_in": 5}',
      }),
      'https://router/file': () => ({ body: 'blob' }),
    });
    const outcome = await run(
      'ee6121b174621f9f',
      new Message({ body: '' }),
      { http },
      { parameters: { xsuaa_url: 'https://xsuaa/oauth/token', approuter_url: 'https://router/file' } },
    );
    expect(outcome.error).toBeUndefined();
    expect(outcome.message.text()).toBe('blob');
    expect(http.requests[1]?.headers['x-approuter-authorization']).toBe('Bearer T0ken');
  });

  it('filters in five branches (Filter)', async () => {
    const mails: { subject: string; body: string }[] = [];
    const outcome = await run('f96c07d034150feb', new Message(), {
      mail: { send: (mail: { subject: string; body: string }) => void mails.push(mail) },
    });
    expect(outcome.error).toBeUndefined();
    const byName = Object.fromEntries(mails.map(({ subject, body }) => [subject, body]));
    expect(byName['Filter - /Students/Student/Id - String']).toBe('1');
    expect(byName['Filter - /Students/Student/Class - Node']).toBe('<Class>10</Class>');
    expect(byName['Filter - /Students/Student/Id - Nodelist']).toBe(
      '<Id>1</Id><Id>10</Id><Id>2</Id><Id>3</Id><Id>4</Id><Id>5</Id><Id>6</Id><Id>7</Id><Id>8</Id><Id>9</Id>',
    );
    expect(byName['Filter - /Students/Student[Id=1] - Node']).toContain('<Name>Amit</Name>');
    expect(mails).toHaveLength(5);
  });

  it('splits by element and by line (General Splitter)', async () => {
    const mails: string[] = [];
    const mail = { send: ({ body }: { body: string }) => void mails.push(body) };
    await run('4c2772edc568fdc7', new Message(), { mail }, { sender: 0 });
    expect(mails).toHaveLength(10);
    expect(mails[0]).toMatch(/^<\?xml[^>]*\?><Students><Student>[\s\S]*<\/Student><\/Students>$/);
    mails.length = 0;
    await run('4c2772edc568fdc7', new Message(), { mail }, { sender: 1 });
    expect(mails).toEqual(['A B C D', '1 2 3 4', '2 3 4 5', '3 4 5 6', '4 5 6 7']);
  });

  it.each([
    ['<x><StandardBusinessDocumentHeader/></x>', 'GS1-XML'],
    ['<ORDERS05><IDOC/></ORDERS05>', 'SAP_IDoc'],
    ['<Order><MessageHeader/></Order>', 'kept'],
  ])('tells document standards apart (Set Type System): %s', async (body, standard) => {
    const outcome = await run(
      '66ad26f59d94fe36',
      new Message({ headers: [['SAP_EDI_Document_Standard', 'kept']], body }),
    );
    expect([outcome.status, outcome.message.headers.get('SAP_EDI_Document_Standard')]).toEqual(['COMPLETED', standard]);
  });

  it('ends in an error when no standard fits (Set Type System)', async () => {
    expect((await run('66ad26f59d94fe36', new Message({ body: '<x/>' }))).error?.code).toBe('error-end');
  });

  it('follows a redirect in its exception subprocess and unpacks (OT_Ariba_Integration_01)', async () => {
    const { definition } = readFlowDefinition({ mediaType: 'application/xml', ...load('26219b733715100e') });
    const addresses = definition.receivers.map((receiver) => ('address' in receiver ? receiver.address : ''));
    expect(addresses).toHaveLength(4);
    const parameters = {
      oauth_address: 'https://ariba/token',
      Ariba_Address: 'https://ariba/jobs',
      Ariba_API_Address_JobResult: 'https://ariba/results',
    };
    const http = new FakeHttp({
      'https://ariba/token': () => ({ body: '{"access_token": "tok"}' }),
      'https://ariba/jobs/J1': () => ({ body: '{"files": ["a.zip", "b.zip"]}' }),
      'https://ariba/results/J1/files/a.zip': () => ({ status: 302, headers: { Location: 'https://store/a.zip' } }),
      'https://store/a.zip': () => ({ body: zipSync({ 'records.json': utf8('[{"Id": "PR1"}]') }) }),
    });
    const variables = new MemoryVariables();
    variables.set('Ariba_PRReport_JobID_new', 'global', 'J1', 400);
    const { content, files } = load('26219b733715100e');
    // The placeholder <URL> of the artifact's last receiver is what its owner sets to the property of that name.
    const text = new TextDecoder().decode(content).replace('&lt;URL&gt;', '${property.URL}');
    const read = readFlowDefinition({ mediaType: 'application/xml', content: utf8(text), files, parameters });
    const outcome = await runFlow(compileFlow(read.definition), new Message(), fixedPorts({ http, variables }));
    expect(outcome.error).toBeUndefined();
    expect(outcome.message.text()).toContain('<Records><Id>PR1</Id></Records>');
    expect(http.requests[1]?.headers).toMatchObject({ Authorization: 'Bearer tok' });
  });

  it('reprocesses what a data store holds, and deletes it after (Reprocess Error Event Messages)', async () => {
    const dataStore = new MemoryDataStore();
    const parameters = {
      'Data Store Name for Events': 'events',
      'EC to Commission Integration Flow EndPoint': 'https://flow/ec',
    };
    const http = new FakeHttp({ 'https://flow/ec': () => ({}) });
    dataStore.write(
      { store: 'events', visibility: 'global' },
      { id: 'e1', body: utf8('<EmployeeInfo>1</EmployeeInfo>'), headers: {} },
      { overwrite: false, expirationDays: 1 },
    );
    const outcome = await run('92f97db1d270cb4b', new Message(), { dataStore, http }, { parameters });
    expect(outcome.error).toBeUndefined();
    expect(new TextDecoder().decode(http.requests[0]?.body ?? undefined)).toContain(
      '<message id="e1"><EmployeeInfo>1</EmployeeInfo></message>',
    );
    expect(dataStore.entries.size).toBe(0);
    expect((await run('92f97db1d270cb4b', new Message(), { dataStore, http }, { parameters })).status).toBe(
      'COMPLETED',
    );
    expect(http.requests).toHaveLength(1);
  });

  it('reads value mappings into a data store once its stylesheet is there (VM to CSV)', async () => {
    const xslt =
      '<xsl:stylesheet version="2.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="*"><xsl:element name="{local-name()}"><xsl:apply-templates select="@*|node()"/></xsl:element></xsl:template><xsl:template match="@*"><xsl:attribute name="{local-name()}"><xsl:value-of select="."/></xsl:attribute></xsl:template></xsl:stylesheet>';
    const entry = (inner: string): string =>
      `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:m="urn:m" xmlns:d="urn:d"><entry><content><m:properties>${inner}</m:properties></content></entry></feed>`;
    const base = "https://is/api/v1/ValueMappingDesigntimeArtifacts(Id='VM',Version='active')/ValMapSchema";
    const http = new FakeHttp({
      [base]: () => ({
        body: entry(
          '<d:SrcAgency>S4</d:SrcAgency><d:SrcId>Plant</d:SrcId><d:TgtAgency>Ext</d:TgtAgency><d:TgtId>Site</d:TgtId>',
        ),
      }),
      [`${base}(SrcAgency='S4',SrcId='Plant',TgtAgency='Ext',TgtId='Site')/ValMaps`]: () => ({
        body: entry('<d:Value><d:SrcValue>1000</d:SrcValue><d:TgtValue>A,1</d:TgtValue></d:Value>'),
      }),
    });
    const dataStore = new MemoryDataStore();
    const parameters = { Address_IntegrationSuite: 'https://is', ValueMap: 'VM' };
    const outcome = await run(
      '37eb8c971b6dc671',
      new Message(),
      { http, dataStore },
      { parameters, files: new Map([['mapping/xsltNSmapping.xslt', utf8(xslt)]]) },
    );
    expect(outcome.error).toBeUndefined();
    expect([...dataStore.entries].map(([key, { body }]) => [key, new TextDecoder().decode(body)])).toEqual([
      ['local:flow/ValueMapping/VM_Plant_Site', 'Plant, Site\n1000,"A,1"\n'],
    ]);
  });
});
