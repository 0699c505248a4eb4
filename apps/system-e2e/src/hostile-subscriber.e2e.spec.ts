import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { Administrator } from './administrator/administrator.js';
import { attemptPublish, attemptRequest, attemptSubscribe } from './bus/attempt.js';
import { connectAsService } from './bus/connect-to-bus.js';
import { eventStream } from './bus/event-subscription.js';
import { connectSubscriber, createSubscriber, makeConsumer, type Subscriber } from './bus/subscriber.js';
import { LocalStack } from './stack/local-stack.js';

type WithSeed = Subscriber & { readonly seed: string };

describe('attack 51: a permitted subscriber that attacks', () => {
  let stack: LocalStack;
  let administrator: Administrator;
  const connections: NatsConnection[] = [];
  let mallory: WithSeed;
  let victim: WithSeed;
  let hostile: NatsConnection;
  let honest: NatsConnection;

  beforeAll(async () => {
    stack = await LocalStack.start();
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
    [mallory, victim] = [
      await createSubscriber(administrator, 'mallory'),
      await createSubscriber(administrator, 'victim'),
    ];
    const opened = await connectSubscriber(stack, victim);
    await makeConsumer(opened, 'victim');
    await opened.close();
  });

  afterEach(async () => void (await Promise.all(connections.splice(0).map((connection) => connection.close()))));
  afterAll(() => stack?.stop());

  async function open(subscriber: WithSeed): Promise<NatsConnection> {
    const connection = await connectSubscriber(stack, subscriber);
    connections.push(connection);
    return connection;
  }

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
    for (const call of ['CREATE', 'DURABLE.CREATE', 'INFO', 'DELETE', 'MSG.NEXT', 'PAUSE', 'UNPIN', 'LEADER.STEPDOWN'])
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
    const socket = (hostile as unknown as { protocol: { transport: { socket: { pause(): void } } } }).protocol.transport
      .socket;
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
