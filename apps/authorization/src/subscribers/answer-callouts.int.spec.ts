import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { callout } from '@sluice/contracts';
import { TestNats, until } from '@sluice/testing';
import { createAccount, createServer, createUser, type KeyPair } from '@nats-io/nkeys';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { AdmitSubscriber } from './admit-subscriber.js';
import { AnswerCallouts, type CalloutOutcome } from './answer-callouts.js';
import { signingKeyOf } from './nkey.js';

const seedOf = (pair: KeyPair) => new TextDecoder().decode(pair.getSeed());
const account = createAccount();
const server = createServer();
const subscriber = createUser();

/** A token as a server of NATS makes it, by the library that clients use. */
function token(claims: Record<string, unknown>, signer = server, header: object = { typ: 'JWT', alg: 'ed25519-nkey' }) {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${Buffer.from(signer.sign(new TextEncoder().encode(signed))).toString('base64url')}`;
}

const nonce = 'a nonce of the server';
const client = { kind: 'Client', type: 'nats', nonce };
const presented = {
  nkey: subscriber.getPublicKey(),
  sig: Buffer.from(subscriber.sign(new TextEncoder().encode(nonce))).toString('base64'),
};
const asked = {
  server_id: { id: server.getPublicKey() },
  user_nkey: createUser().getPublicKey(),
  client_info: client,
  connect_opts: presented,
};
const claims = {
  iss: server.getPublicKey(),
  sub: account.getPublicKey(),
  aud: 'nats-authorization-request',
  nats: asked,
};

describe('attack 50: questions of who may subscribe', () => {
  let nats: TestNats;
  let connection: NatsConnection;
  let answers: AnswerCallouts;
  let outcomes: CalloutOutcome[];
  let now: number;
  let hold: Promise<void>;

  beforeAll(async () => {
    nats = await TestNats.start();
    connection = await connect({ servers: nats.url });
  }, 60_000);

  afterAll(async () => {
    await connection.close();
    await nats.stop();
  });

  beforeEach(() => {
    outcomes = [];
    now = 0;
    hold = Promise.resolve();
    const admit = new AdmitSubscriber({
      issuer: signingKeyOf('A', seedOf(account)),
      sessionSeconds: 60,
      now: () => 1_000,
      find: async (publicKey) => {
        await hold;
        return publicKey === presented.nkey ? { id: '1', name: 'platform' } : undefined;
      },
      count: () => Promise.resolve(true),
    });
    answers = new AnswerCallouts({
      connection,
      execute: (text) => admit.execute(text),
      onOutcome: (outcome) => void outcomes.push(outcome),
      onFault: (error) => {
        throw error;
      },
      clock: () => now,
    });
    answers.start();
  });

  afterEach(() => answers.stop());

  const ask = (text: string, reply: string | undefined = '$SYS._INBOX.a.b') =>
    connection.publish(callout.request, text, reply ? { reply } : {});
  const told = (count: number) =>
    until(() => (outcomes.length >= count ? outcomes : undefined), { what: `${count} outcomes` });

  it('are answered to the server that asked, for this one connection', async () => {
    const heard = connection.subscribe('$SYS._INBOX.a.b', { max: 1 });
    ask(token(claims));
    for await (const message of heard) {
      const body = (text: string) =>
        JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
      const answer = body(message.string());
      expect(answer).toMatchObject({
        iss: account.getPublicKey(),
        sub: asked.user_nkey,
        aud: server.getPublicKey(),
        nats: { type: 'authorization_response' },
      });
      const { jwt } = answer['nats'] as { jwt: string };
      expect(body(jwt)).toMatchObject({ name: 'subscriber/1', sub: asked.user_nkey, aud: 'SUBSCRIBERS', exp: 61 });
    }
    expect(outcomes).toEqual(['admitted']);
  });

  const stranger = createServer();
  it.each<[string, string, string?]>([
    ['is no token', 'hello'],
    ['is a token that is no JSON', 'e30.aGVsbG8.AAAA'],
    ['has no signature', token(claims).replace(/[^.]*$/, 'AAAA')],
    ['has another content than was signed', token(claims).replace('.ey', '.fy')],
    ['is of another algorithm', token(claims, server, { typ: 'JWT', alg: 'none' })],
    ['is signed by another than it says', token(claims, stranger)],
    ['is of another server than it says', token({ ...claims, iss: stranger.getPublicKey() }, stranger)],
    ['is signed by a user', token({ ...claims, iss: subscriber.getPublicKey() }, subscriber)],
    ['is for another who answers', token({ ...claims, sub: createAccount().getPublicKey() })],
    ['is a token for another use', token({ ...claims, aud: 'NATS' })],
    ['asks for no user', token({ ...claims, nats: { ...asked, user_nkey: account.getPublicKey() } })],
    ['wants its answer at a service', token(claims), '_INBOX_admin-api.x'],
    ['wants its answer among the events', token(claims), 'sluice.events.service-key.revoked'],
    ['wants no answer', token(claims), ''],
  ])('get none when what comes %s', async (_what, text, reply = '$SYS._INBOX.a.b') => {
    const heard: string[] = [];
    const spy = connection.subscribe('>', { callback: (_error, message) => void heard.push(message.subject) });
    ask(text, reply);
    expect(await told(1)).toEqual(['no-question']);
    await connection.flush();
    spy.unsubscribe();
    expect(heard).toEqual([callout.request]);
  });

  it.each<[string, Record<string, unknown>, CalloutOutcome]>([
    ['that is a leaf node', { client_info: { ...client, kind: 'Leafnode' } }, 'no-identity'],
    ['over MQTT', { client_info: { ...client, type: 'mqtt' } }, 'no-identity'],
    ['without a nonce', { client_info: { ...client, nonce: '' } }, 'no-identity'],
    ['with a token of NATS', { connect_opts: { ...presented, jwt: 'eyJ' } }, 'no-identity'],
    ['with the key of an account', { connect_opts: { ...presented, nkey: account.getPublicKey() } }, 'no-identity'],
    [
      'with a key that is misspelt',
      { connect_opts: { ...presented, nkey: `${presented.nkey.slice(0, -1)}A` } },
      'no-identity',
    ],
    ['with an empty signature', { connect_opts: { ...presented, sig: '!' } }, 'wrong-signature'],
    ['with a signature of another nonce', { client_info: { ...client, nonce: 'another' } }, 'wrong-signature'],
  ])('refuse a client %s', async (_what, changes, outcome) => {
    ask(token({ ...claims, nats: { ...asked, ...changes } }));
    expect(await told(1)).toEqual([outcome]);
  });

  it('are dropped when they are too large, too many at once, or older than a server waits', async () => {
    let release = () => {};
    hold = new Promise((resolve) => (release = resolve));
    ask('x'.repeat(16_385));
    expect(await told(1)).toEqual(['dropped']);
    const good = token(claims);
    for (let count = 0; count < 1_100; count++) ask(good);
    // Four are being answered, and the others wait; what the room for a burst does not hold is gone at once.
    expect((await told(101)).filter((outcome) => outcome === 'dropped')).toHaveLength(101);
    now = 4_001;
    release();
    await told(1_101);
    expect(outcomes.filter((outcome) => outcome === 'admitted')).toHaveLength(4);
    expect(outcomes.filter((outcome) => outcome === 'dropped')).toHaveLength(1_097);
    // In four seconds there is room for eight hundred more.
    outcomes.length = 0;
    for (let count = 0; count < 1_000; count++) ask(good);
    await until(() => outcomes.filter((outcome) => outcome === 'dropped').length === 200, { what: 'what is too much' });
  }, 30_000);
});
