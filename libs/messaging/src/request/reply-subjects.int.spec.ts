import * as contracts from '@sluice/contracts';
import {
  decisionStream,
  inboxPrefix,
  messageProcessingLogConsumer,
  messageProcessingLogStream,
  publishersOf,
  renderBusServerConfiguration,
  servicePermissions,
  stateStream,
  type RequestContract,
  type ServiceName,
} from '@sluice/contracts';
import { TestNats } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { createAccount, createUser, type KeyPair } from '@nats-io/nkeys';
import { connect, headers, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import { makeRuntimeStreams } from '../bus/make-streams.js';
import { createEventStream } from '../event/event-publisher.js';
import { CertificateListStore } from '../object/certificate-list-store.js';
import { StateBucket } from '../state/state-bucket.js';
import { BusServer } from './bus-server.js';

const services = Object.keys(servicePermissions) as ServiceName[];
const isContract = (value: unknown): value is RequestContract =>
  typeof value === 'object' && value !== null && 'subject' in value && 'service' in value && 'timeoutMs' in value;
/** Every request there is. */
const requests = Object.values(contracts)
  .flatMap((value: unknown) => (typeof value === 'object' && value !== null ? [value, ...Object.values(value)] : []))
  .filter(isContract);
const responders = [...new Set(requests.map(({ service }) => service))];

/** One of each kind of subject that an answer may not go to. */
const forbidden = [
  '$KV.SLUICE_STATE.credential.0000',
  '$KV.SLUICE_STATE.role.Mine',
  '$KV.SLUICE_STATE.meta.complete.authorization',
  'sluice.state.$KV.SLUICE_STATE.role.Mine',
  'sluice.events.service-key.revoked',
  'sluice.events-api.STREAM.UPDATE.SLUICE_EVENTS',
  'sluice.mpl',
  'sluice.decisions.forged',
  '$O.SLUICE_CRLS.C.0000',
  '$O.SLUICE_CRLS.M.0000',
  `$JS.API.STREAM.PURGE.${stateStream}`,
  `$JS.API.STREAM.DELETE.${decisionStream}`,
  `$JS.ACK.${messageProcessingLogStream}.${messageProcessingLogConsumer}.1.1.1.1.1`,
  '$SYS.REQ.SERVER.PING',
  'sluice.key-management.rebuild-state.v1',
  'sluice.authorization.create-admin-token.v1',
  '_INBOX_nobody.x',
  '_INBOX.x',
];

describe('attack 39: a reply subject that its asker may not publish to', () => {
  const keys = Object.fromEntries(services.map((service) => [service, createUser()])) as Record<ServiceName, KeyPair>;
  const connections: NatsConnection[] = [];
  const servers: BusServer[] = [];
  const strays: string[] = [];
  const answered: string[] = [];
  let nats: TestNats;
  let bucket: StateBucket;
  let keyManagement: NatsConnection;
  let runtime: NatsConnection;

  const as = async (service: ServiceName) => {
    const connection = await connect({
      // On a busy machine the first words of the server can come too late.
      timeout: 5_000,
      waitOnFirstConnect: true,
      servers: nats.url,
      authenticator: nkeyAuthenticator(keys[service].getSeed()),
      inboxPrefix: inboxPrefix(service),
    });
    connections.push(connection);
    return connection;
  };

  beforeAll(async () => {
    nats = await TestNats.start({
      configuration: ({ listen, folder }) =>
        renderBusServerConfiguration({
          listen,
          storeDirectory: join(folder, 'jetstream'),
          tls: { certificateFile: 'none', keyFile: 'none' },
          serviceKeys: Object.fromEntries(services.map((service) => [service, keys[service].getPublicKey()])) as Record<
            ServiceName,
            string
          >,
          callout: { responderKey: createUser().getPublicKey(), issuerKey: createAccount().getPublicKey() },
        })
          .replace(/\ntls \{[^}]*\}/, '')
          // One who hears all that reaches a client of the services' account.
          .replace('SERVICES {\n    users: [', 'SERVICES {\n    users: [ { user: spy, password: spy }')
          .replace('auth_users: [', 'auth_users: [ spy, '),
    });
    keyManagement = await as('key-management');
    bucket = await StateBucket.open(keyManagement);
    await bucket.create();
    await keyManagement.request('$KV.SLUICE_STATE.ca.kept', '{}');
    await makeRuntimeStreams(keyManagement, 3_600_000);
    await createEventStream(keyManagement);
    await (await CertificateListStore.open(keyManagement)).create();
    runtime = await as('flow-runtime');
    for (const service of responders) {
      const server = new BusServer({
        service,
        connection: await as(service),
        maximumInFlight: 100,
        onFault: (error) => {
          throw error;
        },
        onStrayRequest: (subject) => void strays.push(subject),
        onAnswered: (subject) => void answered.push(subject),
      });
      for (const request of requests.filter((contract) => contract.service === service))
        server.addHandler(request.subject, () => Promise.resolve({}));
      await new Promise<void>((resolve) => void server.listen(() => resolve()));
      servers.push(server);
    }
    await Promise.all(connections.map((connection) => connection.flush()));
  }, 60_000);

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await Promise.all(connections.map((connection) => connection.close()));
    await nats?.stop();
  });

  /** The last sequence of every stream, asked by those who may. */
  async function sequences(): Promise<Record<string, number>> {
    const own = await jetstreamManager(keyManagement, { checkAPI: false });
    const events = await jetstreamManager(keyManagement, { checkAPI: false, apiPrefix: contracts.eventApiPrefix });
    const log = await jetstreamManager(runtime, { checkAPI: false });
    const managers: Record<string, JetStreamManager> = {
      [stateStream]: own,
      [contracts.certificateListStream]: own,
      [contracts.eventStream]: events,
      [messageProcessingLogStream]: log,
      [decisionStream]: log,
    };
    const entries = Object.entries(managers).map(
      async ([stream, manager]) => [stream, (await manager.streams.info(stream)).state.last_seq] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  async function spy(): Promise<{ heard: string[]; connection: NatsConnection }> {
    const connection = await connect({ servers: nats.url, user: 'spy', pass: 'spy' });
    connections.push(connection);
    const heard: string[] = [];
    connection.subscribe('>', { callback: (_error, message) => void heard.push(message.subject) });
    await connection.flush();
    return { heard, connection };
  }

  it('is known of every request there is', () => {
    expect(requests.length).toBeGreaterThan(50);
    for (const { subject } of requests) expect([subject, publishersOf(subject)]).not.toEqual([subject, []]);
  });

  it.each(responders)('%s answers none of its requests there, and carries none of them out', async (responder) => {
    const { heard, connection } = await spy();
    const before = await sequences();
    // What answered that is heard before what follows.
    await connection.flush();
    const own = requests.filter(({ service }) => service === responder);
    const askers = [...new Set(own.flatMap(({ subject }) => publishersOf(subject)))];
    for (const asker of askers) {
      const asking = await as(asker);
      for (const { subject } of own.filter((request) => publishersOf(request.subject).includes(asker))) {
        strays.length = answered.length = heard.length = 0;
        for (const reply of forbidden) asking.publish(subject, '{}', { reply });
        asking.publish(subject, '{}');
        // An answer that is let through comes after everything before it.
        expect((await asking.request(subject, '{}', { timeout: 5_000 })).json()).toEqual({ result: {} });
        await connection.flush();
        // One of them the server refuses whole, for it would acknowledge a stored message; one had no reply subject.
        expect([subject, strays.length]).toEqual([subject, forbidden.length - 1 + 1]);
        expect(answered).toEqual([subject]);
        expect(heard.filter((name) => name !== subject && !name.startsWith(`${inboxPrefix(asker)}.`))).toEqual([]);
      }
    }
    expect(await sequences()).toEqual(before);
  });

  it.each(responders)('%s may not publish there, whatever its code does', async (responder) => {
    const rogue = await as(responder);
    const allowed = (subject: string) => publishersOf(subject).includes(responder);
    const { heard, connection } = await spy();
    const [request] = requests.filter(({ service }) => service === responder);
    const asker = await as(publishersOf(request?.subject ?? '')[0] as ServiceName);
    let taken = 0;
    rogue.subscribe(request?.subject ?? '', {
      callback: (_error, message) => {
        taken++;
        message.respond('forged');
      },
    });
    await rogue.flush();
    const before = await sequences();
    const replies = forbidden.filter((subject) => !allowed(subject) && !subject.startsWith('$JS.ACK'));
    for (const reply of replies) asker.publish(request?.subject ?? '', '{}', { reply });
    await asker.request(request?.subject ?? '', '{}', { timeout: 5_000 });
    await rogue.flush();
    await connection.flush();
    expect(taken).toBeGreaterThanOrEqual(replies.length);
    expect(heard.filter((name) => replies.includes(name))).toEqual([]);
    expect(await sequences()).toEqual(before);
  });

  describe('of what JetStream answers', () => {
    /** What each may ask JetStream or give it, with something that makes it answer. */
    const questions: readonly (readonly [ServiceName, string])[] = [
      ['certificate-verifier', `$JS.API.STREAM.INFO.${stateStream}`],
      ['authorization', `$JS.API.STREAM.MSG.GET.${stateStream}`],
      ['authorization', `${contracts.eventApiPrefix}.STREAM.MSG.GET.${contracts.eventStream}`],
      ['flow-runtime', `$JS.API.CONSUMER.INFO.${messageProcessingLogStream}.${messageProcessingLogConsumer}`],
      ['message-log', `$JS.API.CONSUMER.INFO.${messageProcessingLogStream}.${messageProcessingLogConsumer}`],
      ['message-log', `$JS.API.CONSUMER.MSG.NEXT.${messageProcessingLogStream}.${messageProcessingLogConsumer}`],
      ['certificate-verifier', '$KV.SLUICE_STATE.guard.x'],
      ['authorization', '$KV.SLUICE_STATE.role.Own'],
      ['flow-runtime', 'sluice.mpl'],
      ['flow-runtime', 'sluice.decisions.own'],
      ['flow-runtime', 'sluice.events.flow.deployed'],
      ['key-management', '$O.SLUICE_CRLS.C.own'],
    ];
    const storedIn: Readonly<Record<string, string>> = {
      $KV: stateStream,
      $O: contracts.certificateListStream,
      'sluice.mpl': messageProcessingLogStream,
      'sluice.decisions': decisionStream,
      'sluice.events': contracts.eventStream,
    };

    it.each(questions)('to %s at %s no stream stores anything', async (asker, question) => {
      const asking = await as(asker);
      // So that there is something to be delivered.
      const message = headers();
      message.set('Nats-Sequence', '1');
      await runtime.request('sluice.mpl', 'something to take', { headers: message, timeout: 5_000 });
      const before = await sequences();
      for (const reply of forbidden) asking.publish(question, '{}', { reply });
      await asking.flush();
      const stored = Object.entries(storedIn).find(([start]) => question === start || question.startsWith(`${start}.`));
      // The server refuses one of them whole: it would acknowledge a stored message.
      const expected = stored ? { ...before, [stored[1]]: (before[stored[1]] ?? 0) + forbidden.length - 1 } : before;
      // Asked by the same way, and so answered after what came before it.
      for (let round = 0; round < 3; round++) await sequences();
      expect(await sequences()).toEqual(expected);
      expect(await bucket.last('ca.kept')).toMatchObject({ key: 'ca.kept' });
    });

    it('carries nothing out that came without a reply subject, as JetStream’s answers do', async () => {
      const target = 'sluice.key-management.rebuild-state.v1';
      strays.length = answered.length = 0;
      runtime.publish(`$JS.API.STREAM.INFO.${stateStream}`, '', { reply: target });
      runtime.publish('sluice.mpl', '{}', { reply: target });
      const admin = await as('admin-api');
      await runtime.flush();
      for (let round = 0; round < 3; round++) await sequences();
      expect((await admin.request(target, '{}', { timeout: 5_000 })).json()).toEqual({ result: {} });
      expect(strays).toEqual([target, target]);
      expect(answered).toEqual([target]);
    });

    it('message-log cannot have a stored message with headers of its sender’s choice sent to a follower', async () => {
      const { heard, connection } = await spy();
      const log = await as('message-log');
      const message = headers();
      message.set('Nats-Sequence', '2');
      message.set('Nats-Subject', '$KV.SLUICE_STATE.role.Mine');
      await runtime.request('sluice.mpl', '{}', { headers: message, timeout: 5_000 });
      const next = `$JS.API.CONSUMER.MSG.NEXT.${messageProcessingLogStream}.${messageProcessingLogConsumer}`;
      for (const batch of [100, 1])
        log.publish(next, JSON.stringify({ batch, no_wait: true }), {
          reply: 'sluice.state.$KV.SLUICE_STATE.role.Mine',
        });
      await log.flush();
      for (let round = 0; round < 3; round++) await sequences();
      await connection.flush();
      expect(heard.filter((subject) => subject.startsWith('sluice.state.'))).toEqual([]);
    });
  });
});
