import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  callout,
  consumerBounds,
  eventStream,
  renderBusServerConfiguration,
  servicePermissions,
  subscriberInboxPrefix,
  type BusCluster,
  type ServiceName,
} from '@sluice/contracts';
import { createEventStream } from '@sluice/messaging';
import { createDataSource, initializeDataSource } from '@sluice/persistence';
import { Metrics } from '@sluice/service-shell';
import { freePort, TestNats, TestPostgres, until, type NatsPlace } from '@sluice/testing';
import { createAccount, createUser, type KeyPair } from '@nats-io/nkeys';
import {
  connect,
  nkeyAuthenticator,
  type Authenticator,
  type ConnectionOptions,
  type NatsConnection,
} from '@nats-io/transport-node';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { signingKeyOf } from './nkey.js';
import { entities, schema } from '../persistence/entities.js';
import { migrations } from '../persistence/migrations.js';
import { serveSubscribers } from './serve-subscribers.js';
import { Subscribers } from './subscribers.js';
import { SubscriberRow } from './subscriber.entity.js';

const services = Object.keys(servicePermissions) as ServiceName[];
const serviceKeys = Object.fromEntries(services.map((service) => [service, createUser()])) as Record<
  ServiceName,
  KeyPair
>;
const responder = createUser();
const issuerSeed = createAccount().getSeed();
const issuer = signingKeyOf('A', new TextDecoder().decode(issuerSeed));

function configurationOf({ listen, folder }: NatsPlace, cluster?: BusCluster, serverName?: string): string {
  return (
    renderBusServerConfiguration({
      listen,
      storeDirectory: join(folder, 'jetstream'),
      tls: { certificateFile: 'none', keyFile: 'none' },
      serviceKeys: Object.fromEntries(
        services.map((service) => [service, serviceKeys[service].getPublicKey()]),
      ) as Record<ServiceName, string>,
      callout: { responderKey: responder.getPublicKey(), issuerKey: issuer.publicKey },
      ...(serverName ? { serverName } : {}),
      ...(cluster ? { cluster } : {}),
    })
      .replaceAll(/\n *tls \{[^}]*\}/g, '')
      // What the clients of a test do at once is done by one process, and takes its time.
      .replace('auth_callout {', 'timeout: 8\n  auth_callout {')
  );
}

const nkey = (pair: KeyPair) => nkeyAuthenticator(pair.getSeed());

describe('subscribers on real servers of NATS', () => {
  let postgres: TestPostgres;
  let dataSource: DataSource;
  let nats: TestNats;
  let metrics: Metrics;
  const endings: (() => Promise<void> | void)[] = [];
  const faults: unknown[] = [];

  beforeAll(async () => {
    postgres = await TestPostgres.start();
    nats = await TestNats.start({ configuration: configurationOf });
  }, 60_000);

  afterAll(async () => {
    await Promise.all([nats?.stop(), postgres?.stop()]);
  });

  beforeEach(async () => {
    const databaseUrl = await postgres.createDatabase();
    const setUp = createDataSource({
      databaseUrl,
      entities: [],
      applicationName: 'test',
      schema: 'public',
      migrations: [],
    });
    await setUp.initialize();
    await setUp.query(`CREATE SCHEMA "${schema}"`);
    await setUp.destroy();
    dataSource = createDataSource({ databaseUrl, entities, schema, migrations, applicationName: 'test', poolSize: 4 });
    await initializeDataSource(dataSource, () => undefined);
    faults.length = 0;
  });

  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
    if (dataSource.isInitialized) await dataSource.destroy();
  });

  /** Starts answering; on this server unless another is named. */
  async function answer(
    options: { url?: string; sessionSeconds?: number; reviewEveryMs?: number; now?: () => number } = {},
  ): Promise<{ subscribers: Subscribers; stop: () => Promise<void>; connection: NatsConnection }> {
    const connection = await connect({
      servers: options.url ?? nats.url,
      authenticator: nkey(responder),
      inboxPrefix: callout.inboxPrefix,
    });
    const now = options.now ?? Date.now;
    const subscribers = new Subscribers(dataSource, now);
    metrics = new Metrics();
    const stopServing = serveSubscribers({
      connection,
      subscribers,
      issuer,
      metrics,
      onFault: (error) => void faults.push(error),
      now,
      // Those that are looked at are looked at by the test.
      reviewEveryMs: options.reviewEveryMs ?? 3_600_000,
      ...(options.sessionSeconds ? { sessionSeconds: options.sessionSeconds } : {}),
    });
    await connection.flush();
    const stop = async () => {
      stopServing();
      await connection.close();
    };
    endings.push(stop);
    return { subscribers, stop, connection };
  }

  async function register(name: string): Promise<{ id: string; name: string; pair: KeyPair }> {
    const pair = createUser();
    const id = randomUUID();
    await dataSource.manager.insert(SubscriberRow, {
      id,
      name,
      publicKey: pair.getPublicKey(),
      createdAt: new Date(),
      lastSeenAt: null,
    });
    return { id, name, pair };
  }

  async function open(options: ConnectionOptions, url = nats.url): Promise<NatsConnection> {
    const connection = await connect({ servers: url, reconnect: false, timeout: 20_000, ...options });
    endings.push(() => connection.close());
    return connection;
  }

  const openAs = ({ name, pair }: { name: string; pair: KeyPair }, url?: string) =>
    open({ authenticator: nkey(pair), inboxPrefix: subscriberInboxPrefix(name) }, url);

  /** How many connections ended in this way, as the metrics tell. */
  const counted = async (outcome: string) =>
    Number(
      new RegExp(`^sluice_subscriber_questions_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm').exec(
        await metrics.render(),
      )?.[1] ?? 0,
    );

  describe('attack 50: somebody who may not subscribe', () => {
    it.each<[string, ConnectionOptions, string]>([
      ['says nothing of himself', {}, 'no-identity'],
      ['has a user and a password', { user: 'subscriber', pass: 'subscriber' }, 'no-identity'],
      ['has a token', { token: 'slu_token' }, 'no-identity'],
      ['has a key that nobody knows', { authenticator: nkey(createUser()) }, 'unknown-identity'],
    ])('is refused who %s', async (_what, options, outcome) => {
      await answer();
      await register('platform');
      await expect(open(options)).rejects.toThrow(/authorization/i);
      expect(await counted(outcome)).toBe(1);
      expect(await counted('admitted')).toBe(0);
    });

    it('is refused who names the key of a subscriber without having it', async () => {
      await answer();
      const { pair } = await register('platform');
      const thief: Authenticator = (nonce) => ({
        nkey: pair.getPublicKey(),
        sig: Buffer.from(createUser().sign(new TextEncoder().encode(nonce))).toString('base64url'),
      });
      await expect(open({ authenticator: thief })).rejects.toThrow(/authorization/i);
      const silent: Authenticator = () => ({ nkey: pair.getPublicKey(), sig: '' });
      await expect(open({ authenticator: silent })).rejects.toThrow(/authorization/i);
      expect([await counted('wrong-signature'), await counted('no-identity')]).toEqual([1, 1]);
    });

    it('is refused who sends again what a subscriber has sent, for the server asked something else then', async () => {
      await answer();
      const { name, pair } = await register('platform');
      let sent = '';
      const heard: Authenticator = (nonce) => {
        const answered = nkey(pair)(nonce) as { nkey: string; sig: string };
        sent = JSON.stringify({
          ...answered,
          lang: 'test',
          version: '1',
          protocol: 1,
          verbose: false,
          pedantic: false,
        });
        return answered;
      };
      await open({ authenticator: heard, inboxPrefix: subscriberInboxPrefix(name) });
      expect(await counted('admitted')).toBe(1);
      expect(await sayHello(nats.port, sent)).toMatch(/^-ERR 'Authorization Violation'/);
      expect(await counted('wrong-signature')).toBe(1);
    });

    it('is refused who was a subscriber', async () => {
      await answer();
      const subscriber = await register('platform');
      await openAs(subscriber);
      await dataSource.manager.delete(SubscriberRow, { id: subscriber.id });
      await expect(openAs(subscriber)).rejects.toThrow(/authorization/i);
      expect(await counted('unknown-identity')).toBe(1);
    });

    it('is refused while Postgres cannot be asked who is a subscriber', async () => {
      await answer();
      const subscriber = await register('platform');
      await dataSource.destroy();
      await expect(openAs(subscriber)).rejects.toThrow(/authorization/i);
      expect(await counted('failed')).toBe(1);
      expect(faults).toHaveLength(1);
    }, 20_000);

    it('is not asked about when it names a key of a service: that one is in the configuration', async () => {
      await answer();
      const thief: Authenticator = (nonce) => ({
        nkey: serviceKeys.authorization.getPublicKey(),
        sig: Buffer.from(createUser().sign(new TextEncoder().encode(nonce))).toString('base64url'),
      });
      await expect(open({ authenticator: thief })).rejects.toThrow(/authorization/i);
      expect(await metrics.render()).not.toMatch(/questions_total\{/);
    });
  });

  describe('who answers is away', () => {
    it('and a service is let in all the same, and so it is when it has never been there', async () => {
      for (const service of services) {
        const connection = await open({ authenticator: nkey(serviceKeys[service]), inboxPrefix: `_INBOX_${service}` });
        await connection.close();
      }
    });

    it('and who is connected goes on, and who comes waits until it is back', async () => {
      const { stop } = await answer();
      const subscriber = await register('platform');
      const before = await openAs(subscriber);
      await stop();
      await before.flush();
      const waiting = connect({
        servers: nats.url,
        authenticator: nkey(subscriber.pair),
        inboxPrefix: subscriberInboxPrefix(subscriber.name),
        ignoreAuthErrorAbort: true,
        waitOnFirstConnect: true,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 50,
      });
      await answer();
      const after = await waiting;
      endings.push(() => after.close());
      await after.flush();
      await before.flush();
      expect(before.isClosed()).toBe(false);
    }, 30_000);
  });

  describe('a connection of a subscriber', () => {
    it('is one of at most eight, however they come, and another can be opened when one has ended', async () => {
      await answer();
      const [subscriber, other] = [await register('platform'), await register('other')];
      const first = await openAs(subscriber);
      await Promise.all(Array.from({ length: 7 }, () => openAs(subscriber)));
      await expect(openAs(subscriber)).rejects.toThrow(/authorization/i);
      expect([await counted('admitted'), await counted('too-many-connections')]).toEqual([8, 1]);
      await openAs(other);
      await first.close();
      await openAs(subscriber);
    });

    it('ends at its revocation, and no other', async () => {
      const { subscribers } = await answer();
      const [revoked, other] = [await register('revoked'), await register('other')];
      const connections = [await openAs(revoked), await openAs(revoked), await openAs(other)];
      await dataSource.manager.delete(SubscriberRow, { id: revoked.id });
      expect(await subscribers.reviewConnections()).toBe(true);
      await Promise.all([connections[0]?.closed(), connections[1]?.closed()]);
      await connections[2]?.flush();
      expect(await metrics.render()).toMatch(/^sluice_subscriber_connections_ended_total 2$/m);
    });

    it('ends though nobody asked for it, as with a backup that does not know its subscriber', async () => {
      await answer({ reviewEveryMs: 50 });
      const subscriber = await register('platform');
      const connection = await openAs(subscriber);
      await dataSource.query('DELETE FROM subscriber');
      await connection.closed();
    });

    it('ends by itself when its time is over, so that a revocation holds though nobody can end it', async () => {
      const { stop } = await answer({ sessionSeconds: 2 });
      const connection = await openAs(await register('platform'));
      await stop();
      const ended = await connection.closed();
      expect(String(ended)).toMatch(/expired/i);
    }, 20_000);

    it('shows when it was last there, to the minute', async () => {
      let now = Date.UTC(2026, 10, 28, 12, 0, 0);
      const { subscribers } = await answer({ now: () => now, sessionSeconds: 86_400 * 3_650 });
      const { id, ...subscriber } = await register('platform');
      const lastSeen = async () => (await dataSource.manager.findOneBy(SubscriberRow, { id }))?.lastSeenAt?.getTime();
      await openAs(subscriber);
      expect(await lastSeen()).toBeUndefined();
      const seen = [];
      for (const passed of [0, 59_000, 1_000]) {
        now += passed;
        await subscribers.reviewConnections();
        seen.push(await lastSeen());
      }
      const start = Date.UTC(2026, 10, 28, 12, 0, 0);
      expect(seen).toEqual([start, start, start + 60_000]);
    });
  });

  describe('attack 51: a consumer', () => {
    let subscriber: NatsConnection;

    beforeEach(async () => {
      await createEventStream(
        await open({ authenticator: nkey(serviceKeys['key-management']), inboxPrefix: '_INBOX_key-management' }),
      );
      await answer({ reviewEveryMs: 50 });
      subscriber = await openAs(await register('platform'));
    });

    const make = async (name: string, settings: object): Promise<string | undefined> => {
      const config = { name, durable_name: name, ack_policy: 'explicit', ...settings };
      const body = JSON.stringify({ stream_name: eventStream, config, action: '' });
      const made = await subscriber.request(`$JS.API.CONSUMER.CREATE.${eventStream}.${name}`, body);
      return made.json<{ error?: { description: string } }>().error?.description;
    };
    const isThere = async (name: string) => {
      const info = await subscriber.request(`$JS.API.CONSUMER.INFO.${eventStream}.${name}`, '');
      return info.json<{ error?: object }>().error === undefined;
    };
    const milliseconds = 1_000_000;

    it('is refused with more messages out at once than one may have', async () => {
      expect(await make('platform', { max_ack_pending: consumerBounds.maxAckPending + 1 })).toMatch(/max ack pending/);
    });

    it.each([
      ['has its messages come again at once', { ack_wait: 1 }],
      ['has them come again soon', { ack_wait: 999 * milliseconds }],
      ['has them come again at once, and later by and by', { backoff: [1, 60_000 * milliseconds], max_deliver: 3 }],
      ['has messages out without end', { max_ack_pending: -1 }],
      ['has requests wait without end', { max_waiting: 1_000_000 }],
    ])('is deleted, and no other is, that %s', async (_what, settings) => {
      const allowed = {
        ack_wait: consumerBounds.minAckWaitMs * milliseconds,
        max_ack_pending: consumerBounds.maxAckPending,
        max_waiting: consumerBounds.maxWaiting,
      };
      expect(await make('platform', allowed)).toBeUndefined();
      expect(await make('platform_1', {})).toBeUndefined();
      expect(await make('platform_2', { ack_policy: 'none', ack_wait: undefined })).toBeUndefined();
      expect(await make('platform_7', settings)).toBeUndefined();
      await until(async () => !(await isThere('platform_7')), { what: 'the end of the consumer' });
      expect(await Promise.all(['platform', 'platform_1', 'platform_2'].map(isThere))).toEqual([true, true, true]);
      // Counted once the server's answer is there, and the consumer was gone before.
      await until(async () => /^sluice_subscriber_consumers_ended_total 1$/m.test(await metrics.render()), {
        what: 'the consumer to be counted',
      });
      expect(faults).toEqual([]);
    });
  });

  describe('on three servers', () => {
    const servers: TestNats[] = [];

    beforeAll(async () => {
      const routes = await freePort(3);
      const urls = [0, 1, 2].map((index) => `127.0.0.1:${routes + index}`);
      for (const [index, listen] of urls.entries()) {
        const cluster = { listen, routes: urls, password: 'p', tls: { certificateFile: '', keyFile: '', caFile: '' } };
        servers.push(
          await TestNats.start({ configuration: (place) => configurationOf(place, cluster, `nats-${index + 1}`) }),
        );
      }
    }, 60_000);

    afterAll(async () => void (await Promise.all(servers.map((server) => server.stop()))));

    const [first, second, third] = [0, 1, 2].map((index) => () => servers[index] as TestNats) as [
      () => TestNats,
      () => TestNats,
      () => TestNats,
    ];

    async function knownServers(connection: NatsConnection): Promise<number> {
      const reply = await connection.request(callout.statistics, '', { timeout: 2_000 });
      return reply.json<{ statsz: { active_servers: number } }>().statsz.active_servers;
    }

    it('a subscriber is let in by each, and its connections end on all of them', async () => {
      const { subscribers, connection } = await answer({ url: first().url });
      const subscriber = await register('platform');
      const connections = await until(
        async () => {
          try {
            return [await openAs(subscriber, second().url), await openAs(subscriber, third().url)];
          } catch {
            // The servers are finding each other.
            return undefined;
          }
        },
        { what: 'a cluster', timeoutMs: 20_000 },
      );
      await until(async () => (await knownServers(connection)) === 3, { what: 'three servers', timeoutMs: 20_000 });
      expect(await subscribers.reviewConnections()).toBe(true);
      await dataSource.manager.delete(SubscriberRow, { id: subscriber.id });
      expect(await subscribers.reviewConnections()).toBe(true);
      await Promise.all(connections.map((connection) => connection.closed()));
    }, 40_000);

    it('it is told that not all connections have ended while a server does not answer', async () => {
      const { subscribers, connection } = await answer({ url: first().url });
      // Each hears of the others a while after they have started.
      await until(async () => (await knownServers(connection)) === 3, { what: 'three servers', timeoutMs: 20_000 });
      third().freeze();
      try {
        expect(await subscribers.reviewConnections()).toBe(false);
      } finally {
        third().thaw();
      }
    }, 40_000);
  });

  /** Sends a line of CONNECT as it is. @returns what the server says to it */
  async function sayHello(port: number, line: string): Promise<string> {
    const socket: Socket = connectSocket(port, '127.0.0.1');
    try {
      await once(socket, 'data');
      socket.write(`CONNECT ${line}\r\nPING\r\n`);
      const [said] = (await once(socket, 'data')) as [Buffer];
      return said.toString();
    } finally {
      socket.destroy();
    }
  }
});
