import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createUser } from '@nats-io/nkeys';
import type { NatsConnection } from '@nats-io/transport-node';
import { TemporaryFolder, until } from '@sluice/testing';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Administrator } from './administrator/administrator.js';
import { attemptRequest } from './bus/attempt.js';
import { eventStream } from './bus/event-subscription.js';
import { connectSubscriber, createSubscriber, makeConsumer, nextSubject, type Subscriber } from './bus/subscriber.js';
import { ExampleProgram } from './stack/example-program.js';
import { LocalStack } from './stack/local-stack.js';
import { runSluice } from './stack/run-admin-command.js';

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

  it('read the events by a consumer of their name, and their time is shown', async () => {
    const subscriber = await createSubscriber(administrator, 'reader');
    const connection = await open(subscriber);
    await administrator.createRole();
    await makeConsumer(connection, 'reader');
    // In the order of what happened: the stack has made its CA and deployed its sample flow before.
    const heard: string[] = [];
    while (heard.at(-1) !== 'sluice.events.user-role.created') heard.push(await nextSubject(connection, 'reader'));
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
    expect(await nextSubject(connection, 'ended')).toMatch(/^sluice\.events\./);
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
      ['initial', 'sluice.authorization.revoke-subscriber.v1'],
      ['initial', 'sluice.authorization.create-subscriber.v1'],
    ]);
    expect(JSON.stringify(items)).not.toContain(subscriber.seed);
  }, 40_000);

  it('are made, listed and revoked on the command line', async () => {
    const created = await runSluice(stack.home, ['subscriber', 'create', 'by-command']);
    const [seed = ''] = created.text.split('\n').filter((line) => /^SU[A-Z2-7]{56}$/.test(line));
    const connection = await open({ ...(await named('by-command')), seed });
    expect((await runSluice(stack.home, ['subscriber', 'list'])).text).toMatch(/^by-command .* U/m);
    expect(await runSluice(stack.home, ['subscriber', 'revoke', 'by-command'])).toEqual({
      code: 0,
      text: '✓ The subscriber by-command is revoked, and its connections have ended.\n',
    });
    await connection.closed();
    expect((await runSluice(stack.home, ['subscriber', 'revoke', 'by-command'])).text).toMatch(
      /There is no subscriber by-command/,
    );
  }, 40_000);

  it('follow the events by the program of examples/follow-events, as docs/subscribing.md has it', async () => {
    using folder = new TemporaryFolder('seed');
    const seedFile = join(folder.path, 'follower.nk');
    const { seed } = await createSubscriber(administrator, 'follower');
    writeFileSync(seedFile, `${seed}\n`, { mode: 0o600 });
    await using program = new ExampleProgram('follow-events/main.mjs', [
      stack.facts.natsUrl.replace('127.0.0.1', 'localhost'),
      stack.facts.serverRootCaFile,
      'follower',
      seedFile,
    ]);
    await program.line(/^following as follower$/);
    const role = await administrator.createRole();
    await program.line(new RegExp(` dev\\.sluice\\.user-role\\.created\\.v1 ${role}$`));
  }, 40_000);

  it('are 64 at most, and one more when one was revoked', async () => {
    const create = (name: string) =>
      administrator.client.request('POST', '/v1/subscribers', { name, publicKey: createUser().getPublicKey() });
    const made: string[] = [];
    for (let count = (await list()).length; count < 64; count++) {
      const answer = await create(`many-${count}`);
      expect(answer.status).toBe(201);
      made.push((answer.body as unknown as Subscriber).id);
    }
    const refused = await create('too-many');
    expect([refused.status, refused.body]).toMatchObject([409, { code: 'protected' }]);
    expect(JSON.stringify(refused.body)).toContain('There are 64 subscribers, and no more may be');
    await administrator.client.expect(204, 'DELETE', `/v1/subscribers/${made.pop()}`);
    expect((await create('too-many')).status).toBe(201);
    for (const id of made) await administrator.client.request('DELETE', `/v1/subscribers/${id}`);
  }, 180_000);

  async function named(name: string): Promise<Subscriber> {
    const found = (await list()).find((subscriber) => subscriber.name === name);
    if (!found) throw new Error(`There is no subscriber named ${name}.`);
    return found;
  }

  describe('who answers is killed', () => {
    it('and who is connected goes on, and whoever comes back is let in again', async () => {
      const subscriber = await createSubscriber(administrator, 'steadfast');
      const before = await open(subscriber);
      await makeConsumer(before, 'steadfast');
      const [pid] = stack.pidsOf('authorization');
      process.kill(pid as number, 'SIGKILL');
      expect(await nextSubject(before, 'steadfast')).toMatch(/^sluice\.events\./);
      const after = await connectSubscriber(stack, subscriber, {
        reconnect: true,
        ignoreAuthErrorAbort: true,
        waitOnFirstConnect: true,
        maxReconnectAttempts: -1,
      });
      connections.push(after);
      expect(await nextSubject(after, 'steadfast')).toMatch(/^sluice\.events\./);
    }, 60_000);
  });
});
