import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { maxTokenLength } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpAppUnderTest } from '../testing/http-app-under-test.js';

const http = new HttpAppUnderTest();
beforeAll(() => http.start({ ADMIN_TRUSTED_PROXIES: '127.0.0.1' }));
afterAll(() => http.stop());
beforeEach(() => {
  http.authenticated.length = 0;
  http.refusal = undefined;
  http.answer = { items: [] };
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const unknown = (details?: Record<string, unknown>) => new SluiceError('unauthenticated', 'Not known.', details);
/** Calls with a token, from an address as the proxy names it. */
const call = async (token: string | undefined, address: string, url = '/v1/user-roles') => {
  const { statusCode, headers } = await http.app.inject({
    method: 'GET',
    url,
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), 'x-forwarded-for': address },
  });
  return { status: statusCode, retryAfter: headers['retry-after'], challenge: headers['www-authenticate'] };
};
const statuses = async (token: string, address: string, times: number) => {
  const all = new Set<number>();
  for (let index = 0; index < times; index++) all.add((await call(token, address)).status);
  return [...all];
};

describe('a caller of the admin API', () => {
  it('sends one Authorization header: of two nobody knows which is meant', async () => {
    await http.app.listen(0, '127.0.0.1');
    const { port } = http.app.getHttpServer().address() as AddressInfo;
    const statusOf = async (tokens: string[]) => {
      const headers = ['Host', `127.0.0.1:${port}`, ...tokens.flatMap((token) => ['Authorization', `Bearer ${token}`])];
      const outgoing = request({ port, host: '127.0.0.1', path: '/v1/user-roles', agent: false, headers });
      outgoing.end();
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    expect([await statusOf(['one']), await statusOf(['one', 'two'])]).toEqual([200, 400]);
  });

  it('is asked about by the hash of its admin token, or by its access token', async () => {
    await call('slu_one', '192.0.2.1');
    await call('a-b.c_d.e', '192.0.2.1');
    expect(http.authenticated).toEqual([
      { tokenSha256: sha256('slu_one'), heedsRoles: true },
      { accessToken: 'a-b.c_d.e', heedsRoles: true },
    ]);
  });

  it('with a token that is too long, of other characters, or none is asked about by nobody', async () => {
    for (const token of [`${'a'.repeat(maxTokenLength)}.b.c`, 'a b', undefined])
      expect(await call(token, '192.0.2.1')).toMatchObject({ status: 401, challenge: 'Bearer realm="sluice"' });
    expect(http.authenticated).toEqual([]);
  });

  it('waits after wrong tokens, is asked about by nobody meanwhile, and waits at no other address', async () => {
    http.refusal = () => unknown();
    expect(await statuses('guess', '192.0.2.2', 10)).toEqual([401]);
    http.authenticated.length = 0;
    expect(await call('guess', '192.0.2.2')).toMatchObject({ status: 429, retryAfter: '1' });
    expect(http.authenticated).toEqual([]);
    http.refusal = undefined;
    expect((await call('right', '192.0.2.2')).status).toBe(429);
    expect((await call('right', '192.0.2.3')).status).toBe(200);
    expect((await call('right', '192.0.2.2')).status).toBe(200);
  });

  it('is not slowed by an expired token, nor by a right one without the right', async () => {
    http.refusal = () => unknown({ expired: true });
    expect(await statuses('expired', '192.0.2.4', 20)).toEqual([401]);
    http.refusal = undefined;
    http.roles = [];
    expect(await statuses('little', '192.0.2.5', 20)).toEqual([403]);
  });
});

describe('a proxy that is not trusted', () => {
  const direct = new HttpAppUnderTest();
  beforeAll(() => direct.start());
  afterAll(() => direct.stop());

  it('gives nobody another address', async () => {
    direct.refusal = () => unknown();
    const statusOf = async (address: string) =>
      (
        await direct.app.inject({
          method: 'GET',
          url: '/v1/user-roles',
          headers: { authorization: 'Bearer guess', 'x-forwarded-for': address },
        })
      ).statusCode;
    for (let index = 0; index < 10; index++) await statusOf(`192.0.2.${index}`);
    expect(await statusOf('192.0.2.99')).toBe(429);
  });
});
