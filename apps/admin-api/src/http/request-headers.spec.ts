import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SluiceError } from '@sluice/domain';
import { HttpAppUnderTest } from '../testing/http-app-under-test.js';

const http = new HttpAppUnderTest();
const { asked } = http;
const call = http.call.bind(http);
beforeAll(() => http.start());
afterAll(() => http.stop());

describe('the entity tag of what can be changed', () => {
  const json = 'application/json';
  const change = '{"description": "x"}';

  it('is in the header ETag, with its quotes, and not in the body', async () => {
    http.answer = { name: 'A', etag: '17' };
    const read = await call('GET', '/v1/user-roles/A');
    expect([read.headers['etag'], read.body]).toEqual(['"17"', { name: 'A' }]);
    http.answer = { userRole: { name: 'A' }, propagation: 'published', etag: '18' };
    const changed = await call('PATCH', '/v1/user-roles/A', change);
    expect([changed.headers['etag'], changed.body]).toEqual(['"18"', { name: 'A', propagation: 'published' }]);
    http.answer = { flow: { id: 'f' }, created: true, propagation: 'pending', etag: '19' };
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
    http.answer = { propagation: 'published' };
    const path = '/v1/user-roles/A';
    expect((await call('DELETE', path, undefined, json, { 'if-match': given })).status).toBe(204);
    expect(asked[0]?.request).toEqual({ name: 'A', ifMatch, actor: { name: 'anna' } });
    http.answer = { propagation: 'published', trustedRoot: {} };
    await call('DELETE', '/v1/trusted-roots/ab/revocation', undefined, json, { 'if-match': given });
    expect(asked[0]?.request).toEqual({ sha256: 'ab', ifMatch, actor: { name: 'anna' } });
  });

  it('may be asked not to be there by what makes something under a name', async () => {
    http.answer = { flow: {}, created: true, propagation: 'published' };
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
    http.answer = { name: 'A', etag: '17' };
    expect((await call('GET', '/v1/user-roles/A', undefined, json, { 'if-none-match': '"17"' })).status).toBe(200);
  });

  it('is told as 412 when it is another one', async () => {
    http.answer = new SluiceError('precondition-failed', 'If-Match: it was changed since it was read.');
    const { status, body } = await call('PATCH', '/v1/user-roles/A', change, json, { 'if-match': '"1"' });
    expect([status, body['code']]).toEqual([412, 'precondition-failed']);
  });
});

describe('a call with an Idempotency-Key', () => {
  const json = 'application/json';
  const role = '{"name": "A"}';

  it('takes the key to the service that keeps the answer', async () => {
    http.answer = { userRole: { name: 'A' }, propagation: 'published' };
    for (const key of ['8e03978e-40d5', '"8e03978e"', '~', 'x'.repeat(255)]) {
      expect((await call('POST', '/v1/user-roles', role, json, { 'idempotency-key': key })).status).toBe(201);
      expect(asked[0]?.request).toEqual({ name: 'A', description: '', idempotencyKey: key, actor: { name: 'anna' } });
    }
    http.answer = { certificateList: {}, propagation: 'published' };
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
    http.answer = new SluiceError('idempotency-key-reused', 'Another request was sent with this Idempotency-Key.');
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
      http.answer = ({ sealed }: { sealed?: unknown }) => ({ ...made, sealed: (first ??= sealed) });
      const send = (authorization: string) =>
        call('POST', path, '{"name": "a"}', json, { 'idempotency-key': 'k', authorization });
      const [one, again] = [await send('Bearer anna'), await send('Bearer anna')];
      expect(one.body[member]).toMatch(/^S|^slu_/);
      expect(again.body[member]).toBe(one.body[member]);
      expect(await send('Bearer other')).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
      expect(Buffer.from(String(first), 'base64').includes(String(one.body[member]))).toBe(false);
    },
  );

  it('has nothing sealed without the header, nor where the public key is the subscriber’s own', async () => {
    http.answer = { adminToken: { name: 'a' } };
    expect((await call('POST', '/v1/admin-tokens', '{"name": "a"}')).body['token']).toMatch(/^slu_/);
    expect(asked[0]?.request).not.toHaveProperty('sealed');
    http.answer = { subscriber: { id: 's' }, propagation: 'published' };
    const own = '{"name": "a", "publicKey": "UABC"}';
    const { body } = await call('POST', '/v1/subscribers', own, json, { 'idempotency-key': 'k' });
    expect([body, asked[0]?.request['sealed']]).toEqual([{ id: 's', propagation: 'published' }, undefined]);
  });
});
