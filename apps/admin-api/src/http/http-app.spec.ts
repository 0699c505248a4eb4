import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authenticateAdministrator, operations, type RequestContract } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import type { RequestClient } from '@sluice/messaging';
import { createLog, Metrics, Readiness, type Shell } from '@sluice/service-shell';
import { RequestMethod, type Type } from '@nestjs/common';
import { MODULE_METADATA } from '@nestjs/common/constants.js';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from '../config.js';
import { HttpModule } from './http.module.js';
import { bodyLimit } from './body-limit.js';
import { createHttpApp } from './create-http-app.js';
import { routeOf } from './serves.js';

/** What the services were asked, and what they answer. The bus itself is in the tests from outside. */
const asked: { subject: string; request: Record<string, unknown> }[] = [];
let answer: unknown;
/** Answers by what was asked, where a test says so. */
let answers: ((request: Record<string, unknown>) => unknown) | undefined;
const requests = {
  call: (contract: RequestContract, request: Record<string, unknown>) => {
    if (contract.subject === authenticateAdministrator.subject) return Promise.resolve({ name: 'anna' });
    asked.push({ subject: contract.subject, request });
    const given = answers ? answers(request) : answer;
    return given instanceof Error ? Promise.reject(given) : Promise.resolve(given);
  },
} as unknown as RequestClient;
const faults: unknown[] = [];
const shell = {
  service: 'admin-api',
  log: createLog('admin-api', 'silent'),
  requests,
  metrics: new Metrics(),
  onFault: (error: unknown) => void faults.push(error),
  onShutdown: () => undefined,
} as unknown as Shell;

/** What has no default; none of it is used. */
const required = { NATS_URL: 'nats://127.0.0.1:1', NATS_SEED_FILE: 'seed', NATS_CA_FILE: 'ca.pem', ADMIN_PORT: '0' };

let app: NestFastifyApplication;
beforeAll(async () => {
  app = await createHttpApp(shell, settings['admin-api'].parse(required), new Readiness());
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});
afterAll(() => app.close());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Record<string, unknown> & { violations?: { field: string; message: string }[] };
}

async function call(
  method: string,
  url: string,
  payload?: string | Buffer,
  type = 'application/json',
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  asked.length = 0;
  const reply = await app.inject({
    method: method as 'GET',
    url,
    headers: { authorization: 'Bearer token', ...headers, ...(payload === undefined ? {} : { 'content-type': type }) },
    ...(payload === undefined ? {} : { payload }),
  });
  const body = (reply.body === '' ? {} : JSON.parse(reply.body)) as Answer['body'];
  return { status: reply.statusCode, headers: reply.headers, body };
}

describe('the routes of the admin API', () => {
  it('are its operations, and each operation has a route', () => {
    const controllers = Reflect.getMetadata(MODULE_METADATA.CONTROLLERS, HttpModule) as Type[];
    const routes = controllers.flatMap((controller) => routesOf(controller)).filter((route) => route.includes('/v1/'));
    expect(routes.sort()).toEqual(operations.map((each) => `${each.method} ${routeOf(each)}`).sort());
  });
});

function routesOf(controller: Type): string[] {
  const prototype = controller.prototype as Record<string, object>;
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const handler = prototype[name];
    const path = handler && (Reflect.getMetadata('path', handler) as string | undefined);
    if (!handler || path === undefined) return [];
    return [`${RequestMethod[Reflect.getMetadata('method', handler) as RequestMethod]} ${path}`];
  });
}

describe('a call that is one request of the bus', () => {
  const key = { id: 'k', name: 'key' };

  it('passes on what path, query and body give, with who asks, and shows what the response is about', async () => {
    answer = { serviceKey: key, warnings: [], propagation: 'published' };
    const rotated = await call('POST', '/v1/service-keys/k/rotate', '{"overlapSeconds": 60}');
    expect(asked).toEqual([
      {
        subject: 'sluice.key-management.rotate-service-key.v1',
        request: { id: 'k', overlapSeconds: 60, actor: { name: 'anna' } },
      },
    ]);
    expect(rotated).toMatchObject({ status: 200, body: { ...key, warnings: [], propagation: 'published' } });
    expect(rotated.headers['cache-control']).toBe('no-store');
  });

  it('has the defaults of its definition, and needs no body where all of it may be left out', async () => {
    answer = { serviceKey: key, propagation: 'published' };
    expect((await call('POST', '/v1/service-keys/k/revoke')).status).toBe(200);
    expect(asked[0]?.request).toEqual({ id: 'k', reason: 'unspecified', actor: { name: 'anna' } });
  });

  it('is answered 202 while its change is not yet on the bus, and 201 when something was made', async () => {
    const credential = { alias: 'erp', type: 'UserCredentials' };
    const body = '{"type": "UserCredentials", "user": "a", "password": "b"}';
    for (const [created, propagation, status] of [
      [true, 'published', 201],
      [false, 'published', 200],
      [true, 'pending', 202],
    ] as const) {
      answer = { credential, created, propagation };
      expect(await call('PUT', '/v1/credentials/erp', body)).toMatchObject({
        status,
        body: { ...credential, propagation },
      });
    }
    expect(asked[0]?.request).toEqual({
      alias: 'erp',
      credential: { type: 'UserCredentials', user: 'a', password: 'b' },
      actor: { name: 'anna' },
    });
  });

  it('deletes without a body, or says that it is still on its way', async () => {
    answer = { propagation: 'published' };
    expect(await call('DELETE', '/v1/flows/f')).toMatchObject({ status: 204, body: {} });
    answer = { propagation: 'pending' };
    expect(await call('DELETE', '/v1/flows/f')).toMatchObject({ status: 202, body: { propagation: 'pending' } });
  });

  it('tells a fault of ours without its text, and logs it', async () => {
    answer = new Error('password of the database');
    const { status, body } = await call('GET', '/v1/flows/f');
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('password');
    expect(faults.pop()).toBe(answer);
  });

  it('may be repeated a second after it could not be answered', async () => {
    answer = new SluiceError('unavailable', 'Not now.');
    const { status, headers } = await call('GET', '/v1/flows/f');
    expect([status, headers['retry-after']]).toEqual([503, '1']);
  });
});

describe('the entity tag of what can be changed', () => {
  const json = 'application/json';
  const change = '{"description": "x"}';

  it('is in the header ETag, with its quotes, and not in the body', async () => {
    answer = { name: 'A', etag: '17' };
    const read = await call('GET', '/v1/user-roles/A');
    expect([read.headers['etag'], read.body]).toEqual(['"17"', { name: 'A' }]);
    answer = { userRole: { name: 'A' }, propagation: 'published', etag: '18' };
    const changed = await call('PATCH', '/v1/user-roles/A', change);
    expect([changed.headers['etag'], changed.body]).toEqual(['"18"', { name: 'A', propagation: 'published' }]);
    answer = { flow: { id: 'f' }, created: true, propagation: 'pending', etag: '19' };
    const deployed = await call('PUT', '/v1/flows/f', 'name: f', 'application/yaml');
    expect([deployed.status, deployed.headers['etag'], deployed.body]).toEqual([
      202,
      '"19"',
      { id: 'f', propagation: 'pending' },
    ]);
  });

  it.each([
    ['"17"', ['17']],
    ['"17", "18"', ['17', '18']],
    [', "a,b" ,, W/"18",""', ['a,b', '']],
    ['W/"17"', []],
    [' * ', '*'],
  ])('is asked of the service that makes the change: If-Match: %s', async (given, ifMatch) => {
    answer = { propagation: 'published' };
    const path = '/v1/user-roles/A';
    expect((await call('DELETE', path, undefined, json, { 'if-match': given })).status).toBe(204);
    expect(asked[0]?.request).toEqual({ name: 'A', ifMatch, actor: { name: 'anna' } });
    answer = { propagation: 'published', trustedRoot: {} };
    await call('DELETE', '/v1/trusted-roots/ab/revocation', undefined, json, { 'if-match': given });
    expect(asked[0]?.request).toEqual({ sha256: 'ab', ifMatch, actor: { name: 'anna' } });
  });

  it('may be asked not to be there by what makes something under a name', async () => {
    answer = { flow: {}, created: true, propagation: 'published' };
    await call('PUT', '/v1/flows/f', 'name: f', 'application/yaml', { 'if-none-match': '*' });
    expect(asked[0]?.request).toMatchObject({ id: 'f', ifNoneMatch: '*' });
  });

  it.each([
    ['If-Match', '17'],
    ['If-Match', '"17'],
    ['If-Match', '"17" "18"'],
    ['If-Match', 'w/"17"'],
    ['If-Match', '*, "17"'],
    ['If-Match', ''],
    ['If-None-Match', '"17"'],
  ])('is refused where it is malformed, by the name of the header: %s: %s', async (name, value) => {
    const { status, body } = await call('PUT', '/v1/flows/f', 'name: f', 'application/yaml', {
      [name.toLowerCase()]: value,
    });
    expect([status, body.violations?.map(({ field }) => field), asked]).toEqual([400, [name], []]);
  });

  it('is refused where the call would not look at it, and of no interest to a call that reads', async () => {
    const refused = await call('POST', '/v1/user-roles', '{"name": "A"}', json, { 'if-match': '"1"' });
    expect([refused.status, refused.body.violations]).toEqual([
      400,
      [{ field: 'If-Match', message: 'is not taken by this call' }],
    ]);
    answer = { name: 'A', etag: '17' };
    expect((await call('GET', '/v1/user-roles/A', undefined, json, { 'if-none-match': '"17"' })).status).toBe(200);
  });

  it('is told as 412 when it is another one', async () => {
    answer = new SluiceError('precondition-failed', 'If-Match: it was changed since it was read.');
    const { status, body } = await call('PATCH', '/v1/user-roles/A', change, json, { 'if-match': '"1"' });
    expect([status, body['code']]).toEqual([412, 'precondition-failed']);
  });
});

describe('a call with an Idempotency-Key', () => {
  const json = 'application/json';
  const role = '{"name": "A"}';

  it('takes the key to the service that keeps the answer', async () => {
    answer = { userRole: { name: 'A' }, propagation: 'published' };
    for (const key of ['8e03978e-40d5', '"8e03978e"', '~', 'x'.repeat(255)]) {
      expect((await call('POST', '/v1/user-roles', role, json, { 'idempotency-key': key })).status).toBe(201);
      expect(asked[0]?.request).toEqual({ name: 'A', description: '', idempotencyKey: key, actor: { name: 'anna' } });
    }
    answer = { certificateList: {}, propagation: 'published' };
    const list = '/v1/trusted-roots/ab/crls';
    await call('POST', list, Buffer.of(0x30), 'application/pkix-crl', { 'idempotency-key': 'k' });
    expect(asked[0]?.request).toMatchObject({ sha256: 'ab', idempotencyKey: 'k' });
  });

  it.each(['', 'a b', 'x'.repeat(256), 'ä', 'one, two'])(
    'is refused where it is not 1 to 255 visible characters: %p',
    async (key) => {
      const { status, body } = await call('POST', '/v1/user-roles', role, json, { 'idempotency-key': key });
      expect([status, body.violations?.map(({ field }) => field), asked]).toEqual([400, ['Idempotency-Key'], []]);
    },
  );

  it('is refused where the call keeps no answer, so that nobody relies on it', async () => {
    for (const [method, path] of [
      ['POST', '/v1/service-keys/k/revoke'],
      ['DELETE', '/v1/flows/f'],
      ['PUT', '/v1/credentials/erp'],
    ] as const) {
      const { status, body } = await call(method, path, undefined, json, { 'idempotency-key': 'k' });
      expect([status, body.violations?.[0]?.field]).toEqual([400, 'Idempotency-Key']);
    }
  });

  it('is told as 422 when it was another request’s', async () => {
    answer = new SluiceError('idempotency-key-reused', 'Another request was sent with this Idempotency-Key.');
    const { status, body } = await call('POST', '/v1/user-roles', role, json, { 'idempotency-key': 'k' });
    expect([status, body['code']]).toEqual([422, 'idempotency-key-reused']);
  });

  it.each([
    ['an admin token', '/v1/admin-tokens', 'token', { adminToken: { name: 'a', createdAt: '' } }],
    ['the seed of a subscriber', '/v1/subscribers', 'seed', { subscriber: { id: 's' }, propagation: 'published' }],
  ] as const)(
    'gives %s again to the same token alone, and the service that keeps it cannot read it',
    async (_what, path, member, made) => {
      let first: unknown;
      answers = ({ sealed }) => ({ ...made, sealed: (first ??= sealed) });
      const send = (authorization: string) =>
        call('POST', path, '{"name": "a"}', json, { 'idempotency-key': 'k', authorization });
      try {
        const [one, again, another] = [
          await send('Bearer anna'),
          await send('Bearer anna'),
          await send('Bearer other'),
        ];
        expect(one.body[member]).toMatch(/^S|^slu_/);
        expect(again.body[member]).toBe(one.body[member]);
        expect([another.status, another.body['code']]).toEqual([422, 'idempotency-key-reused']);
        expect(Buffer.from(String(first), 'base64').includes(String(one.body[member]))).toBe(false);
      } finally {
        answers = undefined;
      }
    },
  );

  it('has nothing sealed without the header, nor where the public key is the subscriber’s own', async () => {
    answer = { adminToken: { name: 'a' } };
    expect((await call('POST', '/v1/admin-tokens', '{"name": "a"}')).body['token']).toMatch(/^slu_/);
    expect(asked[0]?.request).not.toHaveProperty('sealed');
    answer = { subscriber: { id: 's' }, propagation: 'published' };
    const own = '{"name": "a", "publicKey": "UABC"}';
    const { body } = await call('POST', '/v1/subscribers', own, json, { 'idempotency-key': 'k' });
    expect([body, asked[0]?.request['sealed']]).toEqual([{ id: 's', propagation: 'published' }, undefined]);
  });
});

describe('a request that means nothing', () => {
  it.each([
    [
      'a member that is not known',
      '/v1/user-roles',
      '{"name": "A", "owner": "me"}',
      'owner',
      'known are name, description',
    ],
    ['a wrong value', '/v1/user-roles', '{"name": "a b"}', 'name', 'must be a role name'],
    ['no object', '/v1/user-roles', '[]', 'body', 'must be a JSON object'],
    ['no body', '/v1/user-roles', undefined, 'body', 'must be a JSON object'],
    ['a body where there is none', '/v1/issuing-cas/x/activate', '{"now": true}', 'body', 'this call takes no body'],
    ['a parameter that is not known', '/v1/user-roles?nme=x', '{"name": "A"}', 'nme', 'this call has no query'],
  ])('is refused before anybody is asked: %s', async (_what, url, payload, field, message) => {
    const { status, body } = await call('POST', url, payload);
    expect(status).toBe(400);
    expect(body.violations).toEqual([{ field, message: expect.stringContaining(message) as unknown }]);
    expect(asked).toEqual([]);
  });

  it.each([
    ['{"name": "A",}', 'is not JSON at line 1, column 14'],
    ['{\n  "name" "A"}', 'is not JSON at line 2, column 10'],
    ['{"name": "A"', 'ends before it is whole at line 1, column 13'],
    [`{"name": "${'x'.repeat(20_000)}", }`, 'is not JSON at line 1, column 20014'],
  ])('is told where it stops being JSON: %#', async (payload, message) => {
    const { status, body } = await call('POST', '/v1/user-roles', payload);
    expect(status).toBe(400);
    expect(body.violations).toEqual([{ field: 'body', message }]);
  });

  it('is told which member it has twice, also in what a flow is sent as', async () => {
    const twice = await call('POST', '/v1/user-roles', '{"name": "A", "description": "x", "n\\u0061me": "B"}');
    const flow = await call('PUT', '/v1/flows/a', '{"sender": {"role": "A", "role": "B"}}');
    expect([twice.status, flow.status]).toEqual([400, 400]);
    expect([twice.body.violations, flow.body.violations]).toEqual([
      [{ field: 'name', message: expect.stringContaining('twice') as unknown }],
      [{ field: 'sender.role', message: expect.stringContaining('twice') as unknown }],
    ]);
    expect(asked).toEqual([]);
  });

  it('is told the methods that there are', async () => {
    const { status, headers } = await call('PUT', '/v1/user-roles');
    expect([status, headers['allow']]).toEqual([405, 'GET, HEAD, POST']);
    expect((await call('PATCH', '/v1/flows/f')).headers['allow']).toBe('DELETE, GET, HEAD, PUT');
    expect((await call('GET', '/v1/nothing')).status).toBe(404);
  });

  it('is told which media type to send', async () => {
    for (const type of ['text/plain', 'application/zip', 'application/x-www-form-urlencoded']) {
      const { status, body } = await call('POST', '/v1/user-roles', 'name=A', type);
      expect([status, body['detail']]).toEqual([415, expect.stringContaining('application/json')]);
    }
  });

  it('is told what a flow may be sent as', async () => {
    const { status, body } = await call('PUT', '/v1/flows/a', 'name: a', 'text/plain');
    expect([status, body['detail']]).toEqual([415, expect.stringContaining('application/yaml')]);
  });

  it('is told of a URL that cannot be decoded, and of a name that no member may have', async () => {
    const { status, headers, body } = await call('GET', '/v1/flows/%ff');
    expect([status, String(headers['content-type']).split(';')[0], body['code']]).toEqual([
      400,
      'application/problem+json',
      'invalid-argument',
    ]);
    expect(await call('GET', `/v1/flows/${'x'.repeat(3_000)}`)).toMatchObject({
      status: 404,
      body: { code: 'not-found' },
    });
    const refused = await call('POST', '/v1/user-roles', '{"name": "A", "__proto__": {}}');
    expect([refused.status, refused.body.violations?.[0]?.message]).toEqual([
      400,
      expect.stringContaining('__proto__'),
    ]);
  });

  it('is told that a coded body is not taken', async () => {
    const reply = await app.inject({
      method: 'POST',
      url: '/v1/user-roles',
      headers: { authorization: 'Bearer token', 'content-type': 'application/json', 'content-encoding': 'gzip' },
      payload: '{"name": "A"}',
    });
    expect(reply.statusCode).toBe(415);
  });

  it('is told that the outcome of a change is not known when its answer did not come in time', async () => {
    answer = new SluiceError('deadline-exceeded', 'authorization did not answer within 5000 ms.');
    expect(await call('DELETE', '/v1/flows/f')).toMatchObject({ status: 504, body: { outcome: 'unknown' } });
    expect((await call('GET', '/v1/flows/f')).body).not.toHaveProperty('outcome');
  });

  it('is told how large a body may be', async () => {
    const { status, body } = await call('POST', '/v1/user-roles', Buffer.alloc(bodyLimit + 1, 0x20));
    expect([status, body['maximumBytes']]).toEqual([413, bodyLimit]);
  });
});

describe('the version', () => {
  it('is told to administrators: that which is in the package files, and the Node.js that runs', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(await call('GET', '/v1/version')).toMatchObject({
      status: 200,
      body: { version, node: process.versions.node },
    });
    expect((await app.inject({ method: 'GET', url: '/v1/version' })).statusCode).toBe(401);
  });
});

describe('a stranger', () => {
  it.each([
    ['a body that is no JSON', '/v1/user-roles', '{'],
    ['a body that is too large', '/v1/user-roles', ' '.repeat(bodyLimit + 1)],
    ['parameters that are not known', '/v1/user-roles?x=1', '{}'],
  ])('is refused before anything it sent is read: %s', async (_what, url, payload) => {
    const reply = await app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json' }, payload });
    expect([reply.statusCode, reply.headers['www-authenticate']]).toEqual([401, 'Bearer realm="sluice"']);
  });
});

describe('the page for people', () => {
  it('is there for everybody, and takes scripts from this host alone', async () => {
    const page = await app.inject({ method: 'GET', url: '/docs' });
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("script-src 'self';");
    const sources = Array.from(page.body.matchAll(/(?:src|href)="([^"]+)"/g), ([, source]) => source ?? '');
    expect(sources).toHaveLength(4);
    for (const source of sources) expect((await app.inject({ method: 'GET', url: `/${source}` })).statusCode).toBe(200);
    expect((await app.inject({ method: 'GET', url: '/docs/package.json' })).statusCode).toBe(404);
    expect((await app.inject({ method: 'GET', url: '/docs/..%2Fpackage.json' })).statusCode).toBe(404);
  });
});
