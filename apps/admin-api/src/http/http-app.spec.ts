import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { operations } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { RequestMethod, type Type } from '@nestjs/common';
import { MODULE_METADATA } from '@nestjs/common/constants.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HttpAppUnderTest } from '../testing/http-app-under-test.js';
import { HttpModule } from './http.module.js';
import { bodyLimit } from './body-limit.js';
import { routeOf } from './serves.js';

const http = new HttpAppUnderTest();
const { asked, faults } = http;
const call = http.call.bind(http);
beforeAll(() => http.start());
afterAll(() => http.stop());

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
    http.answer = { serviceKey: key, warnings: [], propagation: 'published' };
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
    http.answer = { serviceKey: key, propagation: 'published' };
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
      http.answer = { credential, created, propagation };
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
    http.answer = { propagation: 'published' };
    expect(await call('DELETE', '/v1/flows/f')).toMatchObject({ status: 204, body: {} });
    http.answer = { propagation: 'pending' };
    expect(await call('DELETE', '/v1/flows/f')).toMatchObject({ status: 202, body: { propagation: 'pending' } });
  });

  it('tells a fault of ours without its text, and logs it', async () => {
    http.answer = new Error('password of the database');
    const { status, body } = await call('GET', '/v1/flows/f');
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('password');
    expect(faults.pop()).toBe(http.answer);
  });

  it('may be repeated a second after it could not be answered', async () => {
    http.answer = new SluiceError('unavailable', 'Not now.');
    const { status, headers } = await call('GET', '/v1/flows/f');
    expect([status, headers['retry-after']]).toEqual([503, '1']);
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
    const reply = await http.app.inject({
      method: 'POST',
      url: '/v1/user-roles',
      headers: { authorization: 'Bearer token', 'content-type': 'application/json', 'content-encoding': 'gzip' },
      payload: '{"name": "A"}',
    });
    expect(reply.statusCode).toBe(415);
  });

  it('is told that the outcome of a change is not known when its answer did not come in time', async () => {
    http.answer = new SluiceError('deadline-exceeded', 'authorization did not answer within 5000 ms.');
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
    expect((await http.app.inject({ method: 'GET', url: '/v1/version' })).statusCode).toBe(401);
  });
});

describe('a stranger', () => {
  it.each([
    ['a body that is no JSON', '/v1/user-roles', '{'],
    ['a body that is too large', '/v1/user-roles', ' '.repeat(bodyLimit + 1)],
    ['parameters that are not known', '/v1/user-roles?x=1', '{}'],
  ])('is refused before anything it sent is read: %s', async (_what, url, payload) => {
    const reply = await http.app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json' },
      payload,
    });
    expect([reply.statusCode, reply.headers['www-authenticate']]).toEqual([401, 'Bearer realm="sluice"']);
  });
});

describe('the page for people', () => {
  it('is there for everybody, and takes scripts from this host alone', async () => {
    const page = await http.app.inject({ method: 'GET', url: '/docs' });
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("script-src 'self';");
    const sources = Array.from(page.body.matchAll(/(?:src|href)="([^"]+)"/g), ([, source]) => source ?? '');
    expect(sources).toHaveLength(4);
    for (const source of sources)
      expect((await http.app.inject({ method: 'GET', url: `/${source}` })).statusCode).toBe(200);
    expect((await http.app.inject({ method: 'GET', url: '/docs/package.json' })).statusCode).toBe(404);
    expect((await http.app.inject({ method: 'GET', url: '/docs/..%2Fpackage.json' })).statusCode).toBe(404);
  });
});
