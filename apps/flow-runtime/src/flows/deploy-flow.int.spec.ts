import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stateKey, type FlowRecord } from '@sluice/contracts';
import { type SluiceError } from '@sluice/domain';
import type { FlowProblem } from '@sluice/flow-engine';
import { createEventStream, RecordReader, StateBucket, StateFollower, type RequestClient } from '@sluice/messaging';
import { createDataSource, initializeDataSource } from '@sluice/persistence';
import { createLog, Metrics, PublishedChanges, type Shell } from '@sluice/service-shell';
import { TestNats, TestPostgres, until } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { zipSync } from 'fflate';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { CheckFlow } from './check-flow.js';
import { findAddressesInPostgres } from './find-addresses.postgres.js';
import { testWorkers } from '../workers/testing/programs.js';
import { JudgeFlows, type RuntimeOffer } from './judge-flows.js';
import { ProcessDirectAddresses } from '../adapters/process-direct-addresses.js';
import { DeployedFlows } from './deployed-flows.js';
import { FlowPresence } from './flow-presence.js';
import { ReportRuntime } from './report-runtime.js';
import { FlowsController } from './flows.controller.js';
import { ImportFlows } from './import-flows.js';
import { entities, schema } from '../persistence/entities.js';
import { migrations } from '../persistence/migrations.js';
import { UndeployFlow } from './undeploy-flow.js';
import { CountMessages } from '../messages/count-messages.js';
import { DeployFlow, type DeployRequest } from './deploy-flow.js';
import { allRecords } from '../persistence/all-records.js';

const actor = 'test';
const offer: RuntimeOffer = { capabilities: new Set(['script']), roleExists: (role) => role === 'ESBMessaging.send' };
const endings: (() => Promise<void> | void)[] = [];
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let dataSource: DataSource;
let follower: StateFollower;
let deployFlow: DeployFlow;
let undeployFlow: UndeployFlow;
let checkFlow: CheckFlow;
let importFlows: ImportFlows;
const workers = testWorkers();
const judge = new JudgeFlows(workers, offer);
const portsOf = () => ({ now: () => 0, newId: () => 'id' });
const flows = new DeployedFlows(portsOf, new ProcessDirectAddresses(), workers, () => undefined);
const presence = new FlowPresence(flows);

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({
      configuration: ({ listen, folder }) =>
        `listen: ${JSON.stringify(listen)}
jetstream { store_dir: ${JSON.stringify(join(folder, 'jetstream'))} }
mappings { "sluice.events-api.STREAM.>": "$JS.API.STREAM.>" }
`,
    }),
  ]);
  connection = await connect({ servers: nats.url });
  const databaseUrl = await postgres.createDatabase();
  const shared = { databaseUrl, applicationName: 'test' };
  const setUp = createDataSource({ ...shared, schema: 'public', entities: [], migrations: [] });
  await setUp.initialize();
  await setUp.query(`CREATE SCHEMA ${schema}`);
  await setUp.destroy();
  dataSource = createDataSource({ ...shared, schema, entities, migrations });
  await initializeDataSource(dataSource, () => undefined);
  const shell: Shell = {
    service: 'flow-runtime',
    processName: 'test',
    log: createLog('test', 'silent'),
    connection,
    requests: undefined as unknown as RequestClient,
    metrics: new Metrics(),
    onFault: () => undefined,
    onShutdown: (end) => void endings.push(end),
  };
  const bucket = await StateBucket.open(connection);
  const reader = new RecordReader([]);
  follower = new StateFollower({
    connection,
    bucket,
    reader,
    holds: ['flow'],
    onFault: () => undefined,
  });
  follower.onChange(({ key }) => {
    if (!key.startsWith('flow.')) return;
    flows.apply(key.slice('flow.'.length), follower.held<'flow'>(key).record);
    presence.changed();
  });
  follower.start();
  await createEventStream(connection);
  const changes = new PublishedChanges(shell, {
    databaseUrl,
    schema,
    dataSource,
    writer: 'flow-runtime',
    follower,
    bucket,
    reader,
    records: () => allRecords(dataSource),
  });
  changes.useStreamMaker({ makeStreams: () => bucket.create() });
  await changes.start();
  await until(() => !follower.missingWriters.includes('flow-runtime') && follower.position, {
    what: 'the state bucket',
  });
  deployFlow = new DeployFlow(changes, judge, () => Date.now());
  undeployFlow = new UndeployFlow(changes);
  checkFlow = new CheckFlow(judge, findAddressesInPostgres(dataSource));
  importFlows = new ImportFlows(deployFlow, judge);
}, 90_000);

afterAll(async () => {
  for (const end of endings.reverse()) await end();
  workers.stop();
  follower.stop();
  await dataSource.destroy();
  await connection.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});

function yaml(id: string, text: string): DeployRequest {
  return { id, mediaType: 'application/yaml', content: Buffer.from(text), actor };
}

function echo(id: string, address = `/${id}`): DeployRequest {
  return yaml(id, `name: ${id}\nsender: {adapter: HTTPS, address: ${address}}\nsteps: []\n`);
}

async function refusalOf(work: Promise<unknown>): Promise<SluiceError> {
  return work.then(
    () => {
      throw new Error('It was not refused.');
    },
    (error: unknown) => error as SluiceError,
  );
}

function newController(): FlowsController {
  const runtimes = new ReportRuntime(dataSource, flows, { id: 'r-own', name: 'own' }, () => undefined);
  return new FlowsController(
    deployFlow,
    presence,
    'https://h',
    checkFlow,
    importFlows,
    dataSource,
    runtimes,
    undeployFlow,
    new CountMessages(dataSource),
    () => Date.parse('2026-11-24T12:30:00Z'),
  );
}

function artifact(id: string, address: string, script?: string): Uint8Array {
  const step = script
    ? `<bpmn2:callActivity id="S" name="Convert"><bpmn2:extensionElements><ifl:property><key>activityType</key><value>Script</value></ifl:property><ifl:property><key>subActivityType</key><value>GroovyScript</value></ifl:property><ifl:property><key>script</key><value>${script}</value></ifl:property></bpmn2:extensionElements></bpmn2:callActivity><bpmn2:sequenceFlow id="F1" sourceRef="Start" targetRef="S"/><bpmn2:sequenceFlow id="F2" sourceRef="S" targetRef="End"/>`
    : '<bpmn2:sequenceFlow id="F1" sourceRef="Start" targetRef="End"/>';
  const flow = `<?xml version="1.0"?><bpmn2:definitions xmlns:bpmn2="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:ifl="http:///com.sap.ifl.model/Ifl.xsd" id="Defs">
<bpmn2:collaboration id="Coll"><bpmn2:messageFlow id="M" name="in" sourceRef="P" targetRef="Start"><bpmn2:extensionElements><ifl:property><key>ComponentType</key><value>HTTPS</value></ifl:property><ifl:property><key>urlPath</key><value>${address}</value></ifl:property></bpmn2:extensionElements></bpmn2:messageFlow></bpmn2:collaboration>
<bpmn2:process id="Main"><bpmn2:startEvent id="Start"/><bpmn2:endEvent id="End"/>${step}</bpmn2:process></bpmn2:definitions>`;
  const text = (value: string) => new Uint8Array(Buffer.from(value));
  return zipSync({
    'META-INF/MANIFEST.MF': text(
      `Manifest-Version: 1.0\nSAP-BundleType: IntegrationFlow\nBundle-Name: ${id}\nBundle-SymbolicName: ${id}; singleton:=true\n`,
    ),
    [`src/main/resources/scenarioflows/integrationflow/${id}.iflw`]: text(flow),
    ...(script ? { [`src/main/resources/script/${script}`]: text('def processData(m) { m.setBody("x"); m }') } : {}),
  });
}

function packageOf(artifacts: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const names = Object.keys(artifacts);
  const resources = names.map((name, index) => ({ id: String(index), name, resourceType: 'IFlow' }));
  const index = Buffer.from(Buffer.from(JSON.stringify({ resources })).toString('base64'));
  return zipSync({
    'resources.cnt': new Uint8Array(index),
    ...Object.fromEntries(names.map((name, index) => [`${index}_content`, artifacts[name] as Uint8Array])),
  });
}

describe('the list of flows', () => {
  it('says how many messages each had in the last 24 hours, or since when is asked for', async () => {
    await deployFlow.execute(echo('counted'));
    await dataSource.query("UPDATE message_counting SET since = '2026-11-01T00:00:00Z'");
    const entry = (id: string, start: string, status: string) =>
      dataSource.query(
        `INSERT INTO message_processing_log (id, start_at, status, flow, log_level) VALUES ($1, $2, $3, 'counted', 'INFO')`,
        [id, start, status],
      );
    await entry('1', '2026-11-23T11:59:59Z', 'COMPLETED');
    await entry('2', '2026-11-23T12:00:00Z', 'COMPLETED');
    await entry('3', '2026-11-24T12:00:00Z', 'FAILED');
    const messages = async (given: object = {}) => {
      const { items } = await newController().list({ limit: 100, ...given });
      return items.find(({ id }) => id === 'counted')?.messages;
    };
    expect(await messages()).toEqual({
      since: '2026-11-23T12:00:00.000Z',
      total: 2,
      errors: 1,
      byStatus: { COMPLETED: 1, FAILED: 1 },
    });
    expect(await messages({ messagesSince: '2026-11-23' })).toMatchObject({
      since: '2026-11-23T00:00:00.000Z',
      total: 3,
    });
  });
});

describe('a deployment', () => {
  it('starts the flow, and makes no new version when the same comes again', async () => {
    const first = await deployFlow.execute(echo('again'));
    await presence.started('again', Number(first.row.version));
    const second = await deployFlow.execute(echo('again'));
    expect([first.outcome, second.outcome, second.row.version]).toEqual(['created', 'unchanged', first.row.version]);
    const third = await deployFlow.execute(echo('again', '/elsewhere'));
    expect([third.outcome, Number(third.row.version) > Number(first.row.version)]).toEqual(['updated', true]);
    await presence.started('again', Number(third.row.version));
    expect(flows.find('/elsewhere')?.flowId).toBe('again');
    expect(flows.find('/again')).toBeUndefined();
  });

  it('is kept with its reasons when it is refused, beside the version that goes on', async () => {
    const controller = newController();
    await deployFlow.execute(echo('kept'));
    const broken = yaml('kept', 'name: kept\nsender: {adapter: HTTPS, adress: /kept}\nsteps:\n  - filtr: {}\n');
    const error = await refusalOf(deployFlow.execute(broken));
    expect(error.code).toBe('flow-invalid');
    expect((error.details?.['problems'] as FlowProblem[]).length).toBeGreaterThan(1);
    const view = await controller.get({ id: 'kept' });
    expect(view).toMatchObject({ failure: { code: 'flow-invalid', actor, problems: error.details?.['problems'] } });
    expect(view.definition).toBeDefined();

    const taken = await refusalOf(deployFlow.execute(echo('second', '/kept')));
    expect(taken.code).toBe('address-in-use');
    expect(await controller.get({ id: 'second' })).toMatchObject({
      status: 'failed',
      version: 0,
      endpoints: [],
      error: expect.stringContaining('/kept'),
    });
    const whole = (await controller.list({ limit: 1_000 })).items.map(({ id }) => id);
    expect(whole).toEqual(expect.arrayContaining(['kept', 'second']));
    const paged: string[] = [];
    for (let after: string | undefined; ;) {
      const { items, next } = await controller.list({ limit: 1, ...(after === undefined ? {} : { after }) });
      paged.push(...items.map(({ id }) => id));
      if (next === undefined) break;
      after = next;
    }
    expect(paged).toEqual(whole);

    expect((await deployFlow.execute(echo('kept'))).outcome).toBe('unchanged');
    expect((await controller.get({ id: 'kept' })).failure).toBeUndefined();
    await undeployFlow.execute({ id: 'second', actor });
    expect((await refusalOf(controller.get({ id: 'second' }))).code).toBe('not-found');
  });

  it('is made only where the flow is as it was read, or not there yet, when that is asked for', async () => {
    const controller = newController();
    const tag = async () => (await controller.get({ id: 'tagged' })).etag ?? 'none';
    const stale = async (work: Promise<unknown>) => expect((await refusalOf(work)).code).toBe('precondition-failed');
    await stale(deployFlow.execute({ ...echo('tagged'), ifMatch: '*' }));
    await deployFlow.execute({ ...echo('tagged'), ifNoneMatch: '*' });
    const first = await tag();
    await stale(deployFlow.execute({ ...echo('tagged', '/elsewhere'), ifNoneMatch: '*' }));
    await deployFlow.execute({ ...echo('tagged'), ifMatch: [first] });
    expect(await tag()).toBe(first);
    await deployFlow.execute({ ...echo('tagged', '/tagged-2'), ifMatch: [first] });
    const second = await tag();
    expect(second).not.toBe(first);
    await stale(deployFlow.execute({ ...echo('tagged', '/tagged-3'), ifMatch: [first] }));
    await stale(undeployFlow.execute({ id: 'tagged', actor, ifMatch: [first] }));
    await undeployFlow.execute({ id: 'tagged', actor, ifMatch: [second] });
  });

  it('is not kept as a failure of the flow when it was refused and not to be made any more', async () => {
    await deployFlow.execute(echo('overtaken'));
    const broken = { ...yaml('overtaken', 'name: overtaken\nsteps: 7\n'), ifMatch: ['of long ago'] };
    expect((await refusalOf(deployFlow.execute(broken))).code).toBe('precondition-failed');
    expect(await newController().get({ id: 'overtaken' })).not.toHaveProperty('failure');
    expect((await refusalOf(deployFlow.execute({ ...broken, ifMatch: '*' }))).code).toBe('flow-invalid');
    expect(await newController().get({ id: 'overtaken' })).toHaveProperty('failure');
  });

  it('replaces what was refused before, though it is to be made only if nothing is there', async () => {
    await refusalOf(deployFlow.execute({ ...yaml('second-try', 'name: second-try\nsteps: 7\n'), ifNoneMatch: '*' }));
    expect((await newController().get({ id: 'second-try' })).etag).toBeUndefined();
    expect((await deployFlow.execute({ ...echo('second-try'), ifNoneMatch: '*' })).outcome).toBe('created');
  });

  it('refuses what would not fit into a message of the bus', async () => {
    // Of 3 bytes each, so that the text is within what the reader takes.
    const resource = '€'.repeat(1_200_000);
    const error = await refusalOf(
      deployFlow.execute(
        yaml('big', `name: big\nsender: {adapter: HTTPS, address: /big}\nresources: {a: ${resource}}\nsteps: []\n`),
      ),
    );
    expect(error.message).toContain('distributed to the runtimes');
    expect((error.details?.['problems'] as FlowProblem[])[0]?.code).toBe('limit-exceeded');
  });

  it('shows how each living runtime holds it', async () => {
    const other = new DeployedFlows(portsOf, new ProcessDirectAddresses(), workers, () => undefined);
    const reports = new ReportRuntime(dataSource, other, { id: 'r-other', name: 'other' }, () => undefined);
    reports.start();
    const { row } = await deployFlow.execute(echo('held'));
    await presence.started('held', Number(row.version));
    const controller = newController();
    const runtimes = async () => (await controller.get({ id: 'held' })).runtimes;
    const own = { name: 'own', status: 'STARTED', version: Number(row.version) };
    await until(async () => (await runtimes())?.length === 2, { what: 'the other runtime' });
    expect(await runtimes()).toEqual([{ name: 'other', status: 'STARTING' }, own]);
    const { record } = follower.held<'flow'>(stateKey.flow('held'));
    other.apply('held', { ...(record as FlowRecord), definition: { modelVersion: 1 } });
    reports.changed();
    await until(async () => (await runtimes())?.[0]?.status === 'ERROR', { what: 'the error of the other runtime' });
    await reports.stop();
    expect(await runtimes()).toEqual([own]);
  });
});

describe('a check', () => {
  const fails = async (request: DeployRequest) => (await refusalOf(deployFlow.execute(request))).code;

  it.each([
    ['a flow that can be deployed', echo('c-ok')],
    ['an unknown key', yaml('c-key', 'name: k\nsender: {adapter: HTTPS, adress: /k}\nsteps: []\n')],
    [
      'a step the runtime does not offer',
      yaml(
        'c-need',
        'name: n\nsender: {adapter: HTTPS, address: /c-need}\nsteps: [{dataStoreWrite: {store: s, entryId: a}}]\n',
      ),
    ],
    ['a flow nothing starts', yaml('c-none', 'name: n\nsender: {adapter: Timer}\nsteps: []\n')],
    ['no YAML', yaml('c-syntax', 'name: [')],
    [
      'a Groovy script',
      { id: 'c-groovy', mediaType: 'application/zip', content: artifact('g', '/c-groovy', 'a.groovy'), actor },
    ],
    [
      'a Groovy script with its port',
      {
        id: 'c-port',
        mediaType: 'application/zip',
        content: artifact('g', '/c-port', 'a.groovy'),
        ports: { 'a.groovy.js': 'function processData(m) { return m; }' },
        actor,
      },
    ],
    [
      'a package of two flows',
      {
        id: 'c-two',
        mediaType: 'application/zip',
        content: packageOf({ a: artifact('a', '/c-a'), b: artifact('b', '/c-b') }),
        actor,
      },
    ],
  ])('says of %s what a deployment says', async (_what, request) => {
    const { flows: judged } = await checkFlow.execute(request, request.id);
    const [only] = judged;
    const accepted = judged.length === 1 && only?.verdict === 'supported';
    if (accepted) {
      await deployFlow.execute(request);
      return;
    }
    const error = await refusalOf(deployFlow.execute(request));
    expect(error.code).toBe('flow-invalid');
    if (judged.length === 1) expect(error.details?.['problems']).toEqual(only?.problems);
  });

  it('names the flow that has the address, but not the flow itself', async () => {
    await deployFlow.execute(echo('owner'));
    const other = await checkFlow.execute(echo('other', '/owner'), 'other');
    expect([other.flows[0]?.verdict, other.flows[0]?.problems[0]?.message]).toEqual([
      'refused',
      expect.stringContaining('owner'),
    ]);
    expect(await fails(echo('other', '/owner'))).toBe('address-in-use');
    expect((await checkFlow.execute(echo('owner'), 'owner')).flows[0]?.verdict).toBe('supported');
  });

  it('tells which scripts are to be ported, and what they use', async () => {
    const { flows: judged } = await checkFlow.execute({
      mediaType: 'application/zip',
      content: artifact('g', '/groovy', 'a.groovy'),
    });
    expect(judged[0]).toMatchObject({
      verdict: 'needs-scripts',
      scriptsToPort: [{ script: 'a.groovy', ported: false, uses: { messageApi: ['setBody'], lines: 1 } }],
    });
  });
});

describe('an import', () => {
  it('deploys or refuses each flow of a package, and can be repeated', async () => {
    const content = packageOf({
      one: artifact('my.first', '/import-1'),
      two: artifact('second', '/import-2', 'a.groovy'),
      three: artifact('third', '/import-1'),
    });
    const outcomes = async (ports?: Record<string, string>) =>
      (await importFlows.execute({ content, ports, actor })).flows.map(({ id, outcome }) => `${id} ${outcome}`);
    expect(await outcomes()).toEqual(['my_first created', 'second refused', 'third refused']);
    const ports = { 'second/a.groovy.js': 'function processData(m) { return m; }' };
    expect(await outcomes(ports)).toEqual(['my_first unchanged', 'second created', 'third refused']);
    expect(await outcomes(ports)).toEqual(['my_first unchanged', 'second unchanged', 'third refused']);
    const { flows: imported } = await importFlows.execute({ content, ports, actor });
    expect(imported[2]?.error).toContain('/import-1');
  });

  it('is refused as a whole when the archive cannot be read', async () => {
    const error = await refusalOf(importFlows.execute({ content: Buffer.from('no zip'), actor }));
    expect(error.code).toBe('flow-invalid');
  });
});
