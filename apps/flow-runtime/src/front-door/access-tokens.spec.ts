import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { verifyAccess, verifyCertificate } from '@sluice/contracts';
import { TestAuthority, type TestCertificate } from '@sluice/testing';
import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { SenderLimits } from '../fair-shares/sender-limits.js';
import { ServedFlow } from './testing/served-flow.js';
import { SimulatedAccess } from './testing/simulated-access.js';

let root: TestAuthority;
let server: TestCertificate;
let sender: TestCertificate;
let other: TestCertificate;
let access: SimulatedAccess;
const endings: (() => Promise<unknown> | void)[] = [];

beforeAll(async () => {
  root = await TestAuthority.root({ subject: 'CN=Root' });
  server = await root.leaf({
    subject: 'CN=localhost',
    extendedKeyUsage: ['serverAuth'],
    subjectAltNames: ['localhost'],
  });
  sender = await root.leaf({ subject: 'CN=shop' });
  other = await root.leaf({ subject: 'CN=other' });
});
beforeEach(() => {
  access = new SimulatedAccess();
  access.certificates.add(sender.sha256);
  access.tokens.set('good-token', { secretId: 's' });
  access.tokens.set('narrow-token', { scope: ['Other'] });
  access.tokens.set('bound-token', { boundTo: sender.sha256 });
});
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function served(channel = '', limits?: SenderLimits): Promise<ServedFlow> {
  const flow = await ServedFlow.start({
    flow: `name: f\nsender: {adapter: HTTPS, address: /o${channel}}\nsteps: [{contentModifier: {body: {constant: ok}}}]\n`,
    root: { pem: root.certificate.pem },
    server,
    sender: { chainPem: sender.chainPem, key: sender.key, sha256: 'of nobody' },
    answer: access.answer,
    ...(limits ? { limits } : {}),
  });
  endings.push(() => flow[Symbol.asyncDispose]());
  return flow;
}

/** A connection of its own. */
function connection(certificate?: TestCertificate): Agent {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 1,
    ca: root.certificate.pem,
    ...(certificate ? { cert: certificate.chainPem, key: certificate.key.pem } : {}),
  });
  endings.push(() => agent.destroy());
  return agent;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly reused: boolean;
}

function call(
  flow: ServedFlow,
  agent: Agent,
  headers: Record<string, string | string[]> = {},
  path = '/http/o',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = flow;
    const request = httpsRequest({ agent, host: 'localhost', port, method: 'POST', path, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body, reused: request.reusedSocket }),
      );
    });
    request.on('error', reject).end();
  });
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const basic = (secret: string) => ({ authorization: `Basic ${Buffer.from(secret).toString('base64')}` });
const asked = (contract: object) => access.asked.filter((each) => each.contract === contract).length;

describe('a call by access token', () => {
  it('runs the flow, is decided once, and needs no certificate', async () => {
    const flow = await served();
    const agent = connection();
    for (let time = 0; time < 3; time++) expect((await call(flow, agent, bearer('good-token'))).status).toBe(200);
    expect((await call(flow, connection(), { authorization: 'bearer good-token' })).status).toBe(200);
    expect([asked(verifyAccess), asked(verifyCertificate)]).toEqual([1, 0]);
    expect(flow.log.map((line) => line[4])).not.toContain('good-token');
  });

  it('is refused on the next request once a record changed that it rests on', async () => {
    const flow = await served();
    const agent = connection();
    expect((await call(flow, agent, bearer('good-token'))).status).toBe(200);
    access.tokens.delete('good-token');
    flow.decideCall.changed('secret.s', 1);
    const refused = await call(flow, agent, bearer('good-token'));
    expect([refused.status, refused.reused]).toEqual([401, true]);
  });

  it('that lacks the role is told which, by the token’s scope or by its instance', async () => {
    const flow = await served();
    const answer = await call(flow, connection(), bearer('narrow-token'));
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([
      403,
      'Bearer error="insufficient_scope", scope="ESBMessaging.send"',
    ]);
    access.roles = [];
    expect((await call(flow, connection(), bearer('good-token'))).status).toBe(403);
    expect((await call(flow, connection(sender))).headers['www-authenticate']).toBeUndefined();
  });

  it('is told in the decision record by its id, and never by itself', async () => {
    const flow = await served();
    await call(flow, connection(sender), bearer('bad-token'));
    await call(flow, connection(sender), bearer('narrow-token'));
    const records = JSON.stringify(flow.recorded);
    expect(flow.recorded).toMatchObject([
      { status: 401, reason: 'token-signature', certificate: { sha256: sender.sha256 } },
      { status: 403, token: { id: 'j' }, serviceKey: { name: 'shop' } },
    ]);
    expect(records).not.toMatch(/bad-token|narrow-token/);
    expect(flow.faults).toEqual([]);
  });
});

describe('certificate and token on one connection', () => {
  it('attack 46: each request is decided by what it shows itself, in whatever order they come', async () => {
    const flow = await served();
    const agent = connection(sender);
    for (const [headers, status] of [
      [{}, 200],
      [bearer('good-token'), 200],
      [bearer('narrow-token'), 403],
      [{}, 200],
      [bearer('narrow-token'), 403],
      [bearer('good-token'), 200],
      [{}, 200],
    ] as const)
      expect((await call(flow, agent, headers)).status).toBe(status);
    // A bad token is refused though the certificate would do.
    expect((await call(flow, agent, bearer('bad-token'))).status).toBe(401);
    // What the connection remembers of a token lets in nobody without one.
    const stranger = connection(other);
    for (let time = 0; time < 3; time++) expect((await call(flow, stranger, bearer('good-token'))).status).toBe(200);
    expect((await call(flow, stranger)).status).toBe(401);
  });

  it('attack 29: a bound token is good with its certificate alone, also once it was let in with it', async () => {
    const flow = await served();
    const statuses = async () => [
      (await call(flow, connection(sender), bearer('bound-token'))).status,
      (await call(flow, connection(other), bearer('bound-token'))).status,
      (await call(flow, connection(), bearer('bound-token'))).status,
    ];
    expect(await statuses()).toEqual([200, 401, 401]);
    expect(await statuses()).toEqual([200, 401, 401]);
  });

  it('a channel for tokens alone takes no certificate, and one for certificates alone no token', async () => {
    const tokens = await served(', authentication: [token]');
    const certificates = await served(', authentication: [certificate]');
    const agent = connection(sender);
    expect((await call(tokens, agent)).status).toBe(401);
    expect((await call(tokens, connection(sender), bearer('good-token'))).status).toBe(200);
    expect((await call(certificates, connection(sender), bearer('bad-token'))).status).toBe(200);
    expect((await call(certificates, connection(), bearer('good-token'))).status).toBe(401);
    expect(tokens.faults).toEqual([]);
  });
});

describe('what a stranger is told', () => {
  it('is the same for every kind of bad token and at every address, but for the id of the decision', async () => {
    const flow = await served();
    const certificates = await served(', authentication: [certificate]');
    const said = async (at: ServedFlow, headers: Record<string, string>, path?: string) => {
      const { status, headers: answered, body } = await call(at, connection(), headers, path);
      const id = String(answered['sluice-decision-id']);
      const rest = Object.entries(answered).filter(([name]) => name !== 'date' && name !== 'sluice-decision-id');
      return [status, rest, body.replace(id, 'id')];
    };
    const first = await said(flow, bearer('bad-token'));
    expect(JSON.stringify(first[1])).toContain('Bearer error=\\"invalid_token\\"');
    for (const token of ['', 'x', 'bound-token', 'A'.repeat(9_000)])
      expect(await said(flow, bearer(token))).toEqual(first);
    expect(await said(flow, bearer('x'), '/http/nothing')).toEqual(first);
    expect(await said(certificates, bearer('x'))).toEqual(first);
    const without = await said(flow, {});
    expect(JSON.stringify(without[1])).toContain('["www-authenticate","Bearer"]');
    expect(await said(flow, {}, '/http/nothing')).toEqual(without);
    expect(await said(certificates, {})).toEqual(without);
    expect(await said(flow, basic('client:right secret'))).toEqual(without);
  });

  it('attack 46: a token in the query and two Authorization headers are refused before anybody is asked', async () => {
    const flow = await served();
    for (const path of [
      '/http/o?access_token=good-token',
      '/http/o?a=b&acc%65ss_token=x',
      '/http/nothing?access_token',
    ]) {
      const answer = await call(flow, connection(sender), {}, path);
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([
        400,
        expect.stringContaining('error="invalid_request"'),
      ]);
    }
    const twice = await call(flow, connection(), { Authorization: ['Bearer good-token', 'Bearer x'] });
    expect(twice.status).toBe(400);
    expect(access.asked).toEqual([]);
    expect((await call(flow, connection(sender), {}, '/http/o?token=x&y=%41')).status).toBe(200);
  });

  it('attack 46: a token that is too long is refused without asking', async () => {
    const flow = await served();
    expect((await call(flow, connection(), bearer('A'.repeat(9_000)))).status).toBe(401);
    expect(access.asked).toEqual([]);
    expect(flow.recorded[0]?.reason).toBe('token-too-large');
  });
});

describe('a channel that says basic', () => {
  it('takes the id and secret of a client, decided once, until the secret ends', async () => {
    const flow = await served(', authentication: [certificate, basic]');
    const agent = connection();
    for (let time = 0; time < 2; time++)
      expect((await call(flow, agent, basic('client:right secret'))).status).toBe(200);
    expect(asked(verifyAccess)).toBe(1);
    access.secretStatus = 'revoked';
    flow.decideCall.changed('secret.s', 1);
    expect((await call(flow, connection(), basic('client:right secret'))).status).toBe(401);
    expect(JSON.stringify(flow.recorded)).not.toContain('right secret');
  });

  it('asks for it, refuses a wrong one, and tells to wait after too many', async () => {
    const flow = await served(', authentication: [basic, token]');
    const wrong = await call(flow, connection(), basic('client:wrong'));
    expect([wrong.status, wrong.headers['www-authenticate']]).toEqual([
      401,
      'Bearer, Basic realm="sluice", charset="UTF-8"',
    ]);
    for (const nonsense of ['Basic', 'Basic !', 'Basic eA==', `Basic ${Buffer.from([0xff, 0x3a]).toString('base64')}`])
      expect((await call(flow, connection(), { authorization: nonsense })).status).toBe(401);
    access.delayed = true;
    const delayed = await call(flow, connection(), basic('client:right secret'));
    expect([delayed.status, delayed.headers['retry-after']]).toEqual([429, '7']);
  });
});

it('a token is not decided while nobody answers', async () => {
  const flow = await served();
  access.away = true;
  expect((await call(flow, connection(), bearer('good-token'))).status).toBe(503);
});
