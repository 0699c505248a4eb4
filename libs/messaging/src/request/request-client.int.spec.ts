import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { findMissingRoles } from '@sluice/contracts';
import { TestNats } from '@sluice/testing';
import { connect, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { RequestClient } from './request-client.js';
import { continueRequest, runInRequest } from './request-context.js';

describe('a request to another service', () => {
  let nats: TestNats;
  let asking: NatsConnection;
  let answering: NatsConnection;
  let subscription: Subscription | undefined;
  const calls: string[] = [];
  let client: RequestClient;

  beforeAll(async () => {
    nats = await TestNats.start();
    asking = await connect({ servers: nats.url });
    answering = await connect({ servers: nats.url });
    client = new RequestClient(asking, (subject, outcome, ms) => {
      expect([subject, ms >= 0]).toEqual([findMissingRoles.subject, true]);
      calls.push(outcome);
    });
  }, 60_000);
  afterAll(async () => {
    await Promise.all([asking?.close(), answering?.close()]);
    await nats?.stop();
  });
  beforeEach(() => {
    subscription?.unsubscribe();
    subscription = undefined;
    calls.length = 0;
  });

  async function answerWith(answer: (message: Msg) => void): Promise<void> {
    subscription = answering.subscribe(findMissingRoles.subject, { callback: (_error, message) => answer(message) });
    await answering.flush();
  }
  const ask = (timeoutMs?: number) => client.call(findMissingRoles, { roles: ['a'] }, timeoutMs);
  /** What became of it: the code of the error, its sentence and its details. */
  const failure = async (timeoutMs?: number) =>
    ask(timeoutMs).then(
      () => 'answered',
      (error: { code?: string; message: string; details?: unknown }) => ({
        code: error.code,
        message: error.message,
        details: error.details,
      }),
    );

  it('gets the answer as its contract says it, and tells of the call', async () => {
    await answerWith((message) => message.respond(JSON.stringify({ result: { missing: ['a'], later: 1 } })));
    expect(await ask()).toEqual({ missing: ['a'] });
    expect(calls).toEqual(['ok']);
  });

  it('carries the request it is made for: its id, its trace, and on whose behalf', async () => {
    const carried: Record<string, string>[] = [];
    await answerWith((message) => {
      carried.push(
        Object.fromEntries([...(message.headers?.keys() ?? [])].map((key) => [key, message.headers?.get(key) ?? ''])),
      );
      message.respond(JSON.stringify({ result: { missing: [] } }));
    });
    const { actor, ...anonymous } = continueRequest({ requestId: 'r-1', actor: 'ops' });
    await runInRequest({ ...anonymous, actor }, () => ask());
    await runInRequest(anonymous, () => ask());
    await ask();
    const common = { 'Sluice-Request-Id': 'r-1', traceparent: anonymous.traceparent };
    expect(carried).toEqual([{ ...common, 'Sluice-Actor': 'ops' }, common, {}]);
  });

  it('fails with the error of the service, details and all', async () => {
    await answerWith((message) =>
      message.respond(
        JSON.stringify({ error: { code: 'name-in-use', message: 'It is in use.', details: { by: ['b'] } } }),
      ),
    );
    expect(await failure()).toEqual({ code: 'name-in-use', message: 'It is in use.', details: { by: ['b'] } });
    expect(calls).toEqual(['name-in-use']);
  });

  it.each<[string, string]>([
    ['a result of another shape', JSON.stringify({ result: { missing: 'a' } })],
    ['a result that is missing', '{}'],
    ['an error of another shape', JSON.stringify({ error: 'no' })],
    ['null', 'null'],
    ['a number', '7'],
    ['no JSON', 'forged'],
    ['nothing', ''],
  ])('fails as internal, and says who answered, when the answer is %s', async (_what, answer) => {
    await answerWith((message) => message.respond(answer));
    expect(await failure()).toMatchObject({
      code: 'internal',
      message: `authorization answered ${findMissingRoles.subject} in a shape this version does not know.`,
    });
    expect(calls).toEqual(['internal']);
  });

  it('names what in the answer it does not know', async () => {
    await answerWith((message) => message.respond(JSON.stringify({ result: { missing: [1] } })));
    expect(await failure()).toMatchObject({ details: { issues: [expect.stringMatching(/^missing\.0: /)] } });
  });

  it('fails as internal for an error whose code is of a later version', async () => {
    await answerWith((message) => message.respond(JSON.stringify({ error: { code: 'from-mars', message: 'Hm.' } })));
    expect(await failure()).toMatchObject({
      code: 'internal',
      message: 'authorization answered with the unknown error "from-mars": Hm.',
    });
  });

  it('fails as past its deadline when no answer comes in time, for it may have been carried out', async () => {
    await answerWith(() => undefined);
    expect(await failure(20)).toMatchObject({
      code: 'deadline-exceeded',
      message: 'authorization did not answer within 20 ms.',
    });
    expect(calls).toEqual(['deadline-exceeded']);
  });

  it('fails as unavailable, and says why, when nobody listens and when the bus is away', async () => {
    await answering.flush();
    expect(await failure()).toMatchObject({
      code: 'unavailable',
      message: 'The request cannot be answered now: no authorization is connected to the bus.',
    });
    const closed = await connect({ servers: nats.url });
    await closed.close();
    await expect(new RequestClient(closed).call(findMissingRoles, { roles: [] })).rejects.toMatchObject({
      code: 'unavailable',
      message: 'The request cannot be answered now: the bus cannot be reached.',
    });
    expect(calls).toEqual(['unavailable']);
  });
});
