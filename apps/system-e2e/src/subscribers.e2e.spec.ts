import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { createUser } from '@nats-io/nkeys';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { until } from '@sluice/testing';
import { Administrator } from './administrator/administrator.js';
import { attemptPublish, attemptRequest, attemptSubscribe } from './bus/attempt.js';
import { connectAsService } from './bus/connect-to-bus.js';
import { eventStream } from './bus/event-subscription.js';
import { connectSubscriber, createSubscriber, type Subscriber } from './bus/subscriber.js';
import { LocalStack } from './stack/local-stack.js';
import { runAdminCommand } from './stack/run-admin-command.js';

type WithSeed = Subscriber & { readonly seed: string };

describe('subscribers with an identity of their own', () => {
  let stack: LocalStack;
  let administrator: Administrator;
  const connections: NatsConnection[] = [];

  beforeAll(async () => {
    stack = await LocalStack.start();
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
  });

  afterEach(async () => void (await Promise.all(connections.splice(0).map((connection) => connection.close()))));
  afterAll(() => stack?.stop());

  async function open(subscriber: WithSeed): Promise<NatsConnection> {
    const connection = await connectSubscriber(stack, subscriber);
    connections.push(connection);
    return connection;
  }

  const list = async () =>
    (await administrator.client.expect<{ items: Subscriber[] }>(200, 'GET', '/v1/subscribers')).items;

  async function makeConsumer(connection: NatsConnection, name: string): Promise<void> {
    const manager = await jetstreamManager(connection);
    await manager.consumers.add(eventStream, { durable_name: name, ack_policy: 'explicit' });
  }

  /** What the consumer has for it next. */
  async function next(connection: NatsConnection, name: string): Promise<string> {
    const consumer = await jetstream(connection).consumers.get(eventStream, name);
    const message = await consumer.next({ expires: 10_000 });
    message?.ack();
    return message?.subject ?? 'nothing';
  }

  it('read the events by a consumer of their name, and their time is shown', async () => {
    const subscriber = await createSubscriber(administrator, 'reader');
    const connection = await open(subscriber);
    await administrator.createRole();
    await makeConsumer(connection, 'reader');
    // In the order of what happened: the stack has made its CA and deployed its sample flow before.
    const heard: string[] = [];
    while (heard.at(-1) !== 'sluice.events.user-role.created') heard.push(await next(connection, 'reader'));
    expect(heard).toContain('sluice.events.flow.deployed');
    await until(async () => (await list()).find(({ id, lastSeenAt }) => id === subscriber.id && lastSeenAt), {
      what: 'the time it was last there',
    });
  }, 40_000);

  it('keep their seed to themselves when they bring a public key', async () => {
    const publicKey = createUser().getPublicKey();
    const made = await administrator.client.expect<Record<string, unknown>>(201, 'POST', '/v1/subscribers', {
      name: 'own-key',
      publicKey,
    });
    expect(made).toMatchObject({ name: 'own-key', publicKey, inboxPrefix: '_INBOX_own-key' });
    expect(made).not.toHaveProperty('seed');
  });

  it.each<[string, Record<string, unknown>, number, RegExp]>([
    ['no name', {}, 400, /name: must be 1 to 32/],
    ['a name that would be a pattern', { name: 'a.*' }, 400, /name: must be 1 to 32/],
    ['the name of another’s second consumer', { name: 'reader_1' }, 400, /name: must be 1 to 32/],
    ['a name in use', { name: 'reader' }, 409, /named reader already/],
    [
      'a seed for a public key',
      { name: 'x', publicKey: new TextDecoder().decode(createUser().getSeed()) },
      400,
      /publicKey: must be/,
    ],
    [
      'a public key that is misspelt',
      { name: 'x', publicKey: `${createUser().getPublicKey().slice(0, -2)}AA` },
      400,
      /publicKey: must be/,
    ],
    ['a public key that is no text', { name: 'x', publicKey: { a: 1 } }, 400, /publicKey: must be/],
    ['a member nobody knows', { name: 'x', password: 'y' }, 400, /password: is not known/],
  ])('are not made with %s', async (_what, body, status, sentence) => {
    const answer = await administrator.client.request('POST', '/v1/subscribers', body);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.body)).toMatch(sentence);
  });

  it('are not made with the key of another', async () => {
    const [{ publicKey } = { publicKey: '' }] = await list();
    const answer = await administrator.client.request('POST', '/v1/subscribers', { name: 'same-key', publicKey });
    expect([answer.status, answer.body]).toMatchObject([409, { code: 'public-key-in-use' }]);
  });

  it('end at their revocation: connections, consumers and seed; and the audit trail says who did it', async () => {
    const subscriber = await createSubscriber(administrator, 'ended');
    const connection = await open(subscriber);
    await makeConsumer(connection, 'ended');
    expect(await next(connection, 'ended')).toMatch(/^sluice\.events\./);
    await administrator.client.expect(204, 'DELETE', `/v1/subscribers/${subscriber.id}`);
    await connection.closed();
    await expect(connectSubscriber(stack, subscriber)).rejects.toThrow(/authorization/i);
    expect((await administrator.client.request('DELETE', `/v1/subscribers/${subscriber.id}`)).status).toBe(404);
    expect((await administrator.client.request('DELETE', '/v1/subscribers/none')).status).toBe(404);

    // Another of the same name begins anew, and does not go on where the first has left off.
    const successor = await createSubscriber(administrator, 'ended');
    const again = await open(successor);
    const found = await attemptRequest(again, `$JS.API.CONSUMER.INFO.${eventStream}.ended`);
    expect(JSON.stringify(found)).toContain('consumer not found');

    const { items } = await administrator.client.expect<{
      items: { actor: string; action: string; content: string }[];
    }>(200, 'GET', '/v1/audit?limit=1000');
    const entries = items.filter(({ content }) => content.includes(subscriber.id));
    expect(entries.map(({ actor, action }) => [actor, action])).toEqual([
      ['initial', 'sluice.authorization.create-subscriber.v1'],
      ['initial', 'sluice.authorization.revoke-subscriber.v1'],
    ]);
    expect(JSON.stringify(items)).not.toContain(subscriber.seed);
  }, 40_000);

  it('are made, listed and revoked on the command line', async () => {
    const created = await runAdminCommand(stack.home, ['create-subscriber', 'by-command']);
    const [seed = ''] = created.text.split('\n').filter((line) => /^SU[A-Z2-7]{56}$/.test(line));
    const connection = await open({ ...(await named('by-command')), seed });
    expect((await runAdminCommand(stack.home, ['list-subscribers'])).text).toMatch(/^by-command +U/m);
    expect(await runAdminCommand(stack.home, ['revoke-subscriber', 'by-command'])).toEqual({
      code: 0,
      text: 'The subscriber by-command is revoked, and its connections have ended.\n',
    });
    await connection.closed();
    expect((await runAdminCommand(stack.home, ['revoke-subscriber', 'by-command'])).text).toMatch(
      /There is no subscriber named by-command/,
    );
  }, 40_000);

  async function named(name: string): Promise<Subscriber> {
    const found = (await list()).find((subscriber) => subscriber.name === name);
    if (!found) throw new Error(`There is no subscriber named ${name}.`);
    return found;
  }

  describe('attack 51: a permitted subscriber that means harm', () => {
    let mallory: WithSeed;
    let victim: WithSeed;
    let hostile: NatsConnection;
    let honest: NatsConnection;

    beforeAll(async () => {
      [mallory, victim] = [
        await createSubscriber(administrator, 'mallory'),
        await createSubscriber(administrator, 'victim'),
      ];
      const opened = await connectSubscriber(stack, victim);
      await makeConsumer(opened, 'victim');
      await opened.close();
    });

    beforeEach(async () => {
      [hostile, honest] = [await open(mallory), await open(victim)];
    });

    interface StreamState {
      readonly created: string;
      readonly config: Readonly<Record<string, unknown>>;
      readonly state: { readonly messages: number; readonly first_seq: number };
    }
    const stream = async () => {
      const answer = await honest.request(`$JS.API.STREAM.INFO.${eventStream}`, '', { timeout: 10_000 });
      const { created, config, state } = answer.json<StreamState>();
      return { created, config, messages: state.messages, first: state.first_seq };
    };
    const consumerOf = async (name: string) => {
      const answer = await honest.request(`$JS.API.CONSUMER.INFO.${eventStream}.${name}`, '', { timeout: 10_000 });
      const { created, config, delivered, ack_floor: acknowledged } = answer.json<Record<string, unknown>>();
      return { created, config, delivered, acknowledged };
    };

    it.each([
      'sluice.events.service-key.revoked',
      'sluice.events.x',
      '$KV.SLUICE_STATE.role.Mine',
      'sluice.state.$KV.SLUICE_STATE.role.Mine',
      'sluice.authorization.create-admin-token.v1',
      'sluice.authorization.create-subscriber.v1',
      'sluice.key-management.list-service-instances.v1',
      'sluice.events-api.STREAM.UPDATE.SLUICE_EVENTS',
      'sluice.decisions.x',
      'sluice.mpl',
      'servers.connections',
      'servers.statistics',
      '$SYS.REQ.USER.AUTH',
      '$SYS.REQ.SERVER.PING',
      '$SYS.REQ.SERVER.PING.CONNZ',
      '$SYS.REQ.ACCOUNT.SUBSCRIBERS.CONNZ',
      '$SYS._INBOX.x.y',
      '_INBOX_victim.x',
      '_INBOX_callout.x',
      '_INBOX_admin-api.x',
      `$JS.API.STREAM.DELETE.${eventStream}`,
      `$JS.API.STREAM.PURGE.${eventStream}`,
      `$JS.API.STREAM.UPDATE.${eventStream}`,
      `$JS.API.STREAM.MSG.DELETE.${eventStream}`,
      '$JS.API.STREAM.CREATE.MINE',
      '$JS.API.STREAM.INFO.KV_SLUICE_STATE',
      '$JS.API.STREAM.MSG.GET.KV_SLUICE_STATE',
      '$JS.API.STREAM.MSG.GET.SLUICE_MPL',
      '$JS.API.CONSUMER.CREATE.KV_SLUICE_STATE.mallory',
      `$JS.API.CONSUMER.NAMES.${eventStream}`,
      `$JS.API.CONSUMER.LIST.${eventStream}`,
    ])('cannot publish to %s', async (subject) => {
      expect(await attemptPublish(hostile, subject, '{}')).toBe('refused');
    });

    it.each([
      '>',
      'sluice.>',
      'sluice.events.>',
      '_INBOX.>',
      '_INBOX_*.>',
      '_INBOX_victim.>',
      '_INBOX_callout.>',
      '_INBOX_key-management.>',
      '$SYS.>',
      '$SYS.REQ.USER.AUTH',
      '$JS.>',
      '_R_.>',
      'sluice.state.>',
    ])('cannot listen at %s', async (subject) => {
      expect(await attemptSubscribe(hostile, subject)).toBe('refused');
    });

    it('can do nothing with the consumer of another, whose place stays where it was', async () => {
      const before = await consumerOf('victim');
      const config = { durable_name: 'victim', name: 'victim', ack_policy: 'none', deliver_policy: 'all' };
      const body = { stream_name: eventStream, config, action: '' };
      for (const call of [
        'CREATE',
        'DURABLE.CREATE',
        'INFO',
        'DELETE',
        'MSG.NEXT',
        'PAUSE',
        'UNPIN',
        'LEADER.STEPDOWN',
      ])
        expect([call, await attemptRequest(hostile, `$JS.API.CONSUMER.${call}.${eventStream}.victim`, body)]).toEqual([
          call,
          'refused',
        ]);
      for (const subject of [
        `$JS.ACK.${eventStream}.victim.1.1.1.1.1`,
        `$JS.API.CONSUMER.CREATE.${eventStream}.victim.sluice.events.>`,
        `$JS.API.CONSUMER.CREATE.${eventStream}`,
      ])
        expect([subject, await attemptPublish(hostile, subject, JSON.stringify(body))]).toEqual([subject, 'refused']);
      // Its own name in the subject, and the other's in what is asked for.
      for (const call of ['CREATE', 'DURABLE.CREATE']) {
        const answer = await attemptRequest(hostile, `$JS.API.CONSUMER.${call}.${eventStream}.mallory`, body);
        expect([call, JSON.stringify(answer)]).toEqual([call, expect.stringMatching(/name .*(match|not)/i)]);
      }
      expect(await consumerOf('victim')).toEqual(before);
    }, 40_000);

    it('cannot make more consumers than it has names', async () => {
      for (const name of mallory.consumers) await makeConsumer(hostile, name);
      for (const name of ['mallory_8', 'mallory-2', 'mine'])
        expect([name, await attemptRequest(hostile, `$JS.API.CONSUMER.CREATE.${eventStream}.${name}`, {})]).toEqual([
          name,
          'refused',
        ]);
      const manager = await jetstreamManager(hostile);
      for (const name of mallory.consumers) await manager.consumers.delete(eventStream, name);
    }, 40_000);

    it.each([
      '_INBOX_victim.x',
      '_INBOX_callout.x',
      '_INBOX_admin-api.x',
      '$SYS.REQ.USER.AUTH',
      'servers.connections',
      'sluice.events.service-key.revoked',
      'sluice.events.x',
      'sluice.authorization.create-admin-token.v1',
      '$KV.SLUICE_STATE.role.Mine',
      `$JS.API.STREAM.DELETE.${eventStream}`,
      `$JS.API.STREAM.PURGE.${eventStream}`,
      `$JS.API.CONSUMER.DELETE.${eventStream}.victim`,
    ])(
      'cannot have a consumer deliver to %s',
      async (deliverSubject) => {
        const before = await stream();
        const [own, heard] = [await consumerOf('victim'), [] as string[]];
        honest.subscribe('_INBOX_victim.x', { callback: (_error, message) => void heard.push(message.subject) });
        await honest.flush();
        for (const headersOnly of [true, false]) {
          const config = {
            name: 'mallory_7',
            deliver_subject: deliverSubject,
            headers_only: headersOnly,
            ack_policy: 'none',
            deliver_policy: 'all',
            replay_policy: 'instant',
            inactive_threshold: nanos(60_000),
          };
          const made = await attemptRequest(hostile, `$JS.API.CONSUMER.CREATE.${eventStream}.mallory_7`, {
            stream_name: eventStream,
            config,
            action: '',
          });
          const text = JSON.stringify(made);
          if (text.includes('error')) expect(text).toMatch(/cycle|deliver subject/);
          else {
            // It is there and bound to nobody: who listens there is in another account.
            const info = await hostile.request(`$JS.API.CONSUMER.INFO.${eventStream}.mallory_7`, '', {
              timeout: 10_000,
            });
            expect(info.json()).toMatchObject({ delivered: { consumer_seq: 0 } });
            await hostile.request(`$JS.API.CONSUMER.DELETE.${eventStream}.mallory_7`, '', { timeout: 10_000 });
          }
        }
        expect(await stream()).toEqual(before);
        expect(await consumerOf('victim')).toEqual(own);
        expect(heard).toEqual([]);
      },
      40_000,
    );

    it.each([
      'sluice.events.service-key.revoked',
      `$JS.API.STREAM.DELETE.${eventStream}`,
      `$JS.API.STREAM.PURGE.${eventStream}`,
      `$JS.API.CONSUMER.DELETE.${eventStream}.victim`,
      '$SYS.REQ.USER.AUTH',
      'sluice.authorization.create-admin-token.v1',
    ])(
      'cannot have an answer of JetStream’s or an event sent to %s',
      async (reply) => {
        await makeConsumer(hostile, 'mallory');
        const [before, own] = [await stream(), await consumerOf('victim')];
        for (const subject of [
          '$JS.API.INFO',
          `$JS.API.STREAM.INFO.${eventStream}`,
          `$JS.API.STREAM.MSG.GET.${eventStream}`,
          `$JS.API.CONSUMER.INFO.${eventStream}.mallory`,
          `$JS.API.CONSUMER.MSG.NEXT.${eventStream}.mallory`,
        ])
          hostile.publish(subject, '', { reply });
        await hostile.flush();
        for (let round = 0; round < 3; round++) await stream();
        expect(await stream()).toEqual(before);
        expect(await consumerOf('victim')).toEqual(own);
      },
      40_000,
    );

    it('has a bound for its subscriptions, and its connection ends when it sends too much', async () => {
      const refused = (async () => {
        for await (const status of hostile.status())
          if (status.type === 'error' && /maximum subscriptions/i.test(String(status.error))) return true;
        return false;
      })();
      for (let count = 0; count < 80; count++) hostile.subscribe(`_INBOX_mallory.${count}`);
      await hostile.flush().catch(() => undefined);
      expect(await refused).toBe(true);
      const other = await open(mallory);
      expect(other.info?.max_payload).toBe(16_384);
      // The client keeps to what the server says, so it is told something else.
      Object.assign(other.info ?? {}, { max_payload: 1_000_000 });
      other.publish(`$JS.API.STREAM.INFO.${eventStream}`, 'x'.repeat(20_000));
      expect(String(await other.closed())).toMatch(/payload/i);
    }, 40_000);

    it('that takes nothing of what it asked for keeps nobody from the events', async () => {
      await makeConsumer(hostile, 'mallory');
      const service = await connectAsService(stack, 'authorization');
      connections.push(service);
      // It asks for all there is, again and again, and does not read.
      const socket = (hostile as unknown as { protocol: { transport: { socket: { pause(): void } } } }).protocol
        .transport.socket;
      socket.pause();
      for (let count = 0; count < 500; count++)
        hostile.publish(`$JS.API.STREAM.MSG.GET.${eventStream}`, '{"seq":1}', { reply: '_INBOX_mallory.x' });
      const role = await administrator.createRole();
      const consumer = await jetstream(honest).consumers.get(eventStream, 'victim');
      for await (const message of await consumer.consume()) {
        message.ack();
        if (message.json<{ subject: string }>().subject === role) break;
      }
    }, 40_000);
  });

  describe('who answers is killed', () => {
    it('and who is connected goes on, and whoever comes back is let in again', async () => {
      const subscriber = await createSubscriber(administrator, 'steadfast');
      const before = await open(subscriber);
      await makeConsumer(before, 'steadfast');
      const [pid] = stack.pidsOf('authorization');
      process.kill(pid as number, 'SIGKILL');
      expect(await next(before, 'steadfast')).toMatch(/^sluice\.events\./);
      const after = await connectSubscriber(stack, subscriber, {
        reconnect: true,
        ignoreAuthErrorAbort: true,
        waitOnFirstConnect: true,
        maxReconnectAttempts: -1,
      });
      connections.push(after);
      expect(await next(after, 'steadfast')).toMatch(/^sluice\.events\./);
    }, 60_000);
  });
});
