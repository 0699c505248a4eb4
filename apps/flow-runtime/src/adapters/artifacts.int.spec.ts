import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Message,
  readFlowDefinition,
  type FlowDefinition,
  type FlowOutcome,
  type ReceiverChannel,
} from '@sluice/flow-engine';
import { createDataSource, initializeDataSource, SecretSealer } from '@sluice/persistence';
import { TestPostgres } from '@sluice/testing';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { zipSync } from 'fflate';
import { PostgresDataStore } from '../stores/data-store.postgres.js';
import { ConnectionPools } from './connection-pools.js';
import { UndiciHttpPort } from './http-port.undici.js';
import { loopbackDestinations } from './testing/loopback-destinations.js';
import { readReceiverHosts } from './receiver-hosts.js';
import { NodemailerMailPort } from './mail-port.nodemailer.js';
import { speakSmtp, type ReceivedMail } from './testing/speak-smtp.js';
import { entities, schema } from '../persistence/entities.js';
import { migrations } from '../persistence/migrations.js';
import { InProcessProcessDirect, type ProcessDirectTarget } from './process-direct-port.in-process.js';
import { RunMessage, type MessageOutcome, type StartedFlow } from '../messages/run-message.js';
import { programHere, testWorkers } from '../workers/testing/programs.js';
import { QuickJsScripts } from './script-port.quickjs.js';
import { PostgresVariables } from '../stores/variables.postgres.js';

const shared = join(import.meta.dirname, '../../../../../shared/iflows/files');
const present = existsSync(shared);
if (!present) console.warn(`Skipped: the collection of artifacts is not at ${shared}.`);
const whenPresent = present ? describe : describe.skip;

const now = () => Date.now();
let ids = 0;
const newId = () => `id-${++ids}`;
let postgres: TestPostgres;
let dataSource: DataSource;
let httpServer: Server;
let mailServer: TcpServer;
const sockets = new Set<Socket>();
let pools: ConnectionPools;
let scripts: QuickJsScripts;
const received: ReceivedMail = { commands: [], mail: '' };
const requests: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];
type Answer = { status?: number; headers?: Record<string, string>; body?: string | Uint8Array };
let answers: Record<string, (url: string) => Answer> = {};
const targets = new Map<string, ProcessDirectTarget>();
const logged: FlowOutcome[] = [];
const runMessage = new RunMessage(
  {
    accepts: () => true,
    began: () => undefined,
    payloadsFit: true,
    record: (_message, _end, outcome) => void logged.push(outcome as FlowOutcome),
  },
  testWorkers(),
  60_000,
);
const sealer = new SecretSealer(randomBytes(32));
let base = '';

beforeAll(async () => {
  if (!present) return;
  postgres = await TestPostgres.start();
  const databaseUrl = await postgres.createDatabase();
  const setUp = createDataSource({ databaseUrl, schema: 'public', entities: [], migrations: [], applicationName: 'x' });
  await setUp.initialize();
  await setUp.query(`CREATE SCHEMA ${schema}`);
  await setUp.destroy();
  dataSource = createDataSource({ databaseUrl, schema, entities, migrations, applicationName: 'test' });
  await initializeDataSource(dataSource, () => undefined);
  httpServer = createServer((incoming, response) => {
    void incoming.toArray().then((chunks) => {
      const url = incoming.url ?? '';
      const body = Buffer.concat(chunks as Buffer[]).toString('utf8');
      requests.push({ method: incoming.method ?? '', url, headers: incoming.headers, body });
      const answer = answers[url.split('?')[0] ?? '']?.(url) ?? { status: 404 };
      response.writeHead(answer.status ?? 200, answer.headers ?? {}).end(answer.body ?? '');
    });
  });
  mailServer = createTcpServer((socket) => {
    sockets.add(socket);
    speakSmtp(socket, received, false);
  });
  for (const server of [httpServer, mailServer])
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`;
  pools = new ConnectionPools({ destinations: loopbackDestinations });
  scripts = new QuickJsScripts({
    threads: 2,
    timeLimitMs: 20_000,
    memoryLimitBytes: 64 * 1024 * 1024,
    onFault: () => undefined,
  });
}, 90_000);

beforeEach(() => {
  answers = {};
  requests.length = 0;
  received.commands.length = 0;
  received.mail = '';
  targets.clear();
});

afterAll(async () => {
  if (!present) return;
  await scripts.stop();
  await pools.close();
  httpServer.close();
  for (const socket of sockets) socket.destroy();
  mailServer.close();
  await dataSource.destroy();
  await postgres.stop();
});

/** An artifact as it would be deployed, its mail going to the test's server: nothing may reach a host named in the files. */
function deploy(
  id: string,
  options: {
    parameters?: Record<string, string>;
    ports?: Record<string, string>;
    edit?: (text: string) => string;
    channel?: number;
  } = {},
): StartedFlow & { readonly channel: string } {
  const folder = join(shared, id);
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  const flow = names.find((name) => name.endsWith('.iflw')) as string;
  const files = new Map(
    names.filter((name) => name !== flow).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]),
  );
  const text = readFileSync(join(folder, flow), 'utf8');
  const read = readFlowDefinition({
    mediaType: 'application/xml',
    content: Buffer.from((options.edit ?? ((same) => same))(text)),
    files,
    ...(options.parameters === undefined ? {} : { parameters: options.parameters }),
    ...(options.ports === undefined ? {} : { ports: options.ports }),
  });
  const mailAddress = `127.0.0.1:${(mailServer.address() as AddressInfo).port}`;
  const definition: FlowDefinition = {
    ...read.definition,
    receivers: read.definition.receivers.map((receiver): ReceiverChannel => {
      if (receiver.adapter === 'Mail')
        return {
          ...receiver,
          server: mailAddress,
          security: 'off',
          authentication: 'none',
          from: 'flow@example.com',
          to: 'people@example.com',
          cc: '',
          bcc: '',
        };
      // What the artifact leaves to its owner.
      if (receiver.adapter === 'HTTP' && receiver.authentication.type === 'Basic')
        return {
          ...receiver,
          authentication: { type: 'Basic', credential: receiver.authentication.credential || 'own' },
        };
      return receiver;
    }),
  };
  return { ...start(id, definition), channel: definition.senders[options.channel ?? 0]?.id ?? '' };
}

function start(flowId: string, definition: FlowDefinition): StartedFlow {
  const mayCall = readReceiverHosts('127.0.0.1');
  const credentials = {
    get: (alias: string) =>
      Promise.resolve({
        alias,
        version: 1,
        secret: { type: 'UserCredentials', user: 'user', password: 'password' } as const,
      }),
  };
  const started: StartedFlow = {
    flowId,
    definition,
    program: programHere(definition),
    ports: {
      now,
      newId,
      http: new UndiciHttpPort({ pools, credentials, mayCall, maximumResponseBytes: 10_000_000, now }),
      mail: new NodemailerMailPort({ credentials, mayCall, destinations: loopbackDestinations }),
      processDirect: new InProcessProcessDirect((address) => targets.get(address), runMessage, flowId),
      dataStore: new PostgresDataStore(dataSource, sealer, now, flowId),
      variables: new PostgresVariables(dataSource, now, flowId),
      script: scripts,
    },
  };
  for (const sender of definition.senders)
    if (sender.adapter === 'ProcessDirect') targets.set(sender.address, { started, channel: sender.id });
  return started;
}

/** A flow of ours that another calls by ProcessDirect. */
function listen(address: string, steps: string): void {
  const yaml = `name: listener\nsender: {adapter: ProcessDirect, address: ${address}}\nsteps: ${steps}\n`;
  start(address, readFlowDefinition({ mediaType: 'application/yaml', content: Buffer.from(yaml) }).definition);
}

const run = (deployed: StartedFlow & { readonly channel: string }, message: Message): Promise<MessageOutcome> =>
  runMessage.execute(deployed, message, { channel: deployed.channel, sender: 'test' });
const textOf = ({ error, message }: MessageOutcome) => (error === undefined ? message.text() : error.message);

whenPresent('real artifacts run on this runtime’s adapters', () => {
  it('JE Post Simulate answers with its constant', async () => {
    expect(textOf(await run(deploy('2e80ce766c411b3f'), new Message({ body: '<je/>' })))).toBe(
      'Journal Entry Simulation Successful!',
    );
  });

  it('IDOC_Module_Test_RM calls the converter flow by ProcessDirect', async () => {
    listen('/IDOCFlatConvertor/convert', '[contentModifier: {body: "<IDOC>${header.idoc_conversionType}</IDOC>"}]');
    expect(textOf(await run(deploy('711c39994e3e5d93'), new Message({ body: 'flat' })))).toBe('<IDOC>Flat2XML</IDOC>');
  });

  it('MessageTransformBean runs the port of its Groovy script in the sandbox', async () => {
    const port = `function processData(message) {
      message.setBody(message.getBody().replace(/\\r\\n/g, '\\n'));
      messageLogFactory.getMessageLog(message).setStringProperty('mode', message.getProperty('Conversion.mode'));
      return message;
    }`;
    const outcome = await run(
      deploy('914bd1296c0cc1a6', { ports: { 'ConvertCRLFfromToLF.groovy.js': port } }),
      new Message({ body: 'a\r\nb' }),
    );
    expect(textOf(outcome)).toBe('a\nb');
    expect(logged.at(-1)?.log[0]?.text).toMatch(/^mode: ./);
  });

  it('MarketingOCCall keeps contacts in the data store and calls the SOAP service with its credential', async () => {
    answers['/CreateDistributionLink'] = () => ({});
    const member = (id: number) =>
      `{"TargetGroupMemberAttributeData": [{"AttributeId": "CONTACT_ID", "Value": "${id}"}, {"AttributeId": "X", "Value": "y"}]}`;
    const json = `{"d": {"CampaignId": "77", "Name": "Spring", "MarketingAreaId": "GLOBAL", "CampaignTargetGroupMembers": [${member(1)}, ${member(2)}]}}`;
    const flow = deploy('11e8db031b24bbe4', {
      parameters: { 'URL of distribution link creation iFlow': base, 'CPI User Credentials': 'cpi' },
      ports: {
        'script2.groovy': `function processData(message) {
          message.setProperty('DataStoreId', 'k-' + message.getProperty('DataStoreId'));
        }`,
      },
    });
    const outcome = await run(flow, new Message({ headers: [['CamelHttpMethod', 'POST']], body: json }));
    expect(outcome.error).toBeUndefined();
    const store = new PostgresDataStore(dataSource, sealer, now, flow.flowId);
    const entries = await store.select({ store: 'QualtricsCampaignBuffer', visibility: 'global' }, 10);
    expect(entries.map(({ id }) => id)).toEqual(['k-1', 'k-2']);
    expect(requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('user:password').toString('base64')}`);
    expect(requests[0]?.body).toContain('<CampaignId>77</CampaignId>');
  });

  it.each(['7ecf259cb27878bd', '513e7d0dd87aeb83'])(
    'TPM SOAP Sender Flow (%s) passes on, and escalates when nobody listens',
    async (id) => {
      const flow = deploy(id);
      const addresses = flow.definition.receivers.flatMap((receiver) =>
        receiver.adapter === 'ProcessDirect' ? [receiver.address] : [],
      );
      const failed = await run(flow, new Message({ body: '<doc/>' }));
      expect(failed.status).not.toBe('COMPLETED');
      for (const address of addresses) listen(address, '[]');
      const outcome = await run(flow, new Message({ body: '<doc/>' }));
      expect([outcome.status, outcome.error]).toEqual(['COMPLETED', undefined]);
    },
  );

  it('ODataServicePrivateLink gets a token and calls with it', async () => {
    answers = {
      '/oauth/token': () => ({
        headers: { 'content-type': 'application/json' },
        body: '{"access_token": "T0ken", "expires_in": 5}',
      }),
      '/file': () => ({ body: 'blob' }),
    };
    const flow = deploy('ee6121b174621f9f', {
      parameters: { xsuaa_url: `${base}/oauth/token`, approuter_url: `${base}/file` },
    });
    expect(textOf(await run(flow, new Message({ body: '' })))).toBe('blob');
    expect(requests[1]?.headers['x-approuter-authorization']).toBe('Bearer T0ken');
  });

  it.each([
    ['Filter', 'f96c07d034150feb', 0, 5],
    ['General Splitter, by element', '4c2772edc568fdc7', 0, 10],
    ['General Splitter, by line', '4c2772edc568fdc7', 1, 5],
  ])('%s (%s) sends its mails', async (_, id, channel, mails) => {
    const outcome = await run(deploy(id, { channel }), new Message());
    expect(outcome.error).toBeUndefined();
    expect(received.commands.filter((command) => command === 'DATA')).toHaveLength(mails);
  });

  it('Set Type System tells document standards apart', async () => {
    const flow = deploy('66ad26f59d94fe36');
    const outcome = await run(flow, new Message({ body: '<x><StandardBusinessDocumentHeader/></x>' }));
    expect(outcome.message.headers.get('SAP_EDI_Document_Standard')).toBe('GS1-XML');
    expect((await run(flow, new Message({ body: '<x/>' }))).error?.code).toBe('error-end');
  });

  it('OT_Ariba_Integration_01 follows the redirect itself and unpacks what it gets', async () => {
    answers = {
      '/token': () => ({ body: '{"access_token": "tok"}' }),
      '/jobs/J1': () => ({ body: '{"files": ["a.zip", "b.zip"]}' }),
      '/results/J1/files/a.zip': () => ({ status: 302, headers: { Location: `${base}/store/a.zip` } }),
      '/store/a.zip': () => ({ body: zipSync({ 'records.json': Buffer.from('[{"Id": "PR1"}]') }) }),
    };
    const flow = deploy('26219b733715100e', {
      parameters: {
        oauth_address: `${base}/token`,
        Ariba_Address: `${base}/jobs`,
        Ariba_API_Address_JobResult: `${base}/results`,
      },
      // The placeholder <URL> of the artifact's last receiver is what its owner sets to the property of that name.
      edit: (text) => text.replace('&lt;URL&gt;', '${property.URL}'),
    });
    await flow.ports.variables?.set('Ariba_PRReport_JobID_new', 'global', 'J1', 400);
    expect(textOf(await run(flow, new Message()))).toContain('<Records><Id>PR1</Id></Records>');
  });

  it('Reprocess Error Event Messages sends what the data store holds, and deletes it after', async () => {
    answers['/ec'] = () => ({});
    const flow = deploy('92f97db1d270cb4b', {
      parameters: {
        'Data Store Name for Events': 'events',
        'EC to Commission Integration Flow EndPoint': `${base}/ec`,
      },
    });
    const name = { store: 'events', visibility: 'global' } as const;
    const entry = { id: 'e1', body: Buffer.from('<EmployeeInfo>1</EmployeeInfo>'), headers: {} };
    await flow.ports.dataStore?.write(name, entry, { overwrite: false, encrypt: true, expirationDays: 1 });
    expect((await run(flow, new Message())).error).toBeUndefined();
    expect(requests[0]?.body).toContain('<message id="e1"><EmployeeInfo>1</EmployeeInfo></message>');
    expect(await flow.ports.dataStore?.select(name, 10)).toEqual([]);
  });
});
