import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { SluiceError } from '@sluice/domain';
import { HttpAppUnderTest } from '../testing/http-app-under-test.js';

const http = new HttpAppUnderTest();
beforeAll(() => http.start());
afterAll(() => http.stop());
afterEach(() => {
  http.answer = undefined;
  http.refusal = undefined;
});

const value = 'v'.repeat(43);
const session = { name: 'anna', roles: ['Admin.all'], expiresAt: '2026-12-01T00:00:00.000Z' };

/** Without a token, unless the headers have one. */
async function send(
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  headers: Record<string, string>,
  payload?: object,
  to = http,
) {
  const reply = await to.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
  return { status: reply.statusCode, headers: reply.headers, body: reply.body };
}
const same = { 'sec-fetch-site': 'same-origin' };
const cookie = { cookie: `other=1; sluice-session=${value}` };

describe('signing in', () => {
  it('sets a cookie that no script can read and no other site can send, and tells its value to nobody', async () => {
    http.answer = { session };
    const answer = await send('POST', '/v1/sessions', same, { token: 'slu_anna' });
    expect(answer.status).toBe(201);
    const set = String(answer.headers['set-cookie']);
    expect(set).toMatch(/^sluice-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
    const [, secret = ''] = /=([\w-]{43});/.exec(set) ?? [];
    expect(answer.body).not.toContain(secret);
    expect(JSON.stringify(http.asked)).not.toContain(secret);
    expect(JSON.stringify(http.asked)).not.toContain('slu_anna');
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another port of this host', { 'sec-fetch-site': 'same-site' }],
    ['a page elsewhere in an old browser', { origin: 'https://elsewhere.example', host: 'here.example' }],
    ['nobody says', {}],
  ])('is refused to %s, so that nobody is signed in as somebody else', async (_who, headers) => {
    http.answer = { session };
    expect((await send('POST', '/v1/sessions', headers as Record<string, string>, { token: 'slu_anna' })).status).toBe(
      403,
    );
  });

  it('slows down who tries tokens', async () => {
    const http = new HttpAppUnderTest();
    await http.start();
    http.answer = new SluiceError('unauthenticated', 'The admin token is not known.');
    const statuses = [];
    for (let attempt = 0; attempt < 12; attempt++)
      statuses.push((await send('POST', '/v1/sessions', same, { token: `guess ${attempt}` }, http)).status);
    await http.stop();
    expect(statuses).toEqual(expect.arrayContaining([401, 429]));
    expect(statuses.at(-1)).toBe(429);
  });
});

describe('a call with the cookie of a session', () => {
  it('is nobody’s when there are two of that name: another host of the domain may have set one', async () => {
    const two = { cookie: `sluice-session=${value}; other=1; sluice-session=${'b'.repeat(43)}` };
    expect((await send('GET', '/v1/sessions/current', two)).status).toBe(401);
    expect((await send('GET', '/v1/sessions/current', { cookie: `sluice-session=${value}x` })).status).toBe(401);
  });

  it('is asked about by the SHA-256 of what the cookie holds', async () => {
    http.authenticated.length = 0;
    const answer = await send('GET', '/v1/sessions/current', cookie);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({ name: 'anna' });
    expect(http.authenticated).toEqual([
      { sessionSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown, heedsRoles: true },
    ]);
    expect(JSON.stringify(http.authenticated)).not.toContain(value);
  });

  it('changes something from a page of the same origin alone', async () => {
    http.answer = { userRole: { name: 'A' }, propagation: 'published' };
    const role = { name: 'A' };
    for (const [headers, status] of [
      [same, 201],
      [{ origin: 'http://localhost:80', host: 'LOCALHOST' }, 201],
      [{ 'sec-fetch-site': 'cross-site', origin: 'http://localhost', host: 'localhost' }, 403],
      [{ 'sec-fetch-site': 'none' }, 403],
      [{ origin: 'null', host: 'localhost' }, 403],
      [{}, 403],
    ] as const)
      expect([headers, (await send('POST', '/v1/user-roles', { ...cookie, ...headers }, role)).status]).toEqual([
        headers,
        status,
      ]);
  });

  it('is not looked at beside a token: the token says who calls', async () => {
    http.authenticated.length = 0;
    expect((await send('GET', '/v1/sessions/current', { ...cookie, authorization: 'Bearer other' })).status).toBe(200);
    expect(http.authenticated).toEqual([expect.objectContaining({ tokenSha256: expect.any(String) as unknown })]);
  });

  it('signs out: the session is closed, and the cookie taken away', async () => {
    http.asked.length = 0;
    const answer = await send('DELETE', '/v1/sessions/current', { ...cookie, ...same });
    expect(answer.status).toBe(204);
    expect(String(answer.headers['set-cookie'])).toContain(
      'sluice-session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0',
    );
    expect(http.asked).toEqual([expect.objectContaining({ subject: 'sluice.authorization.close-session.v1' })]);
    await send('DELETE', '/v1/sessions', { ...cookie, ...same });
    expect(http.asked.at(-1)?.request).toEqual({ name: 'anna' });
  });
});

describe('the pages of the console', () => {
  it('are one document at every address of a page, with nothing from elsewhere and no script of its own', async () => {
    for (const url of ['/', '/flows', '/service-keys/abc', '/decisions/x/y']) {
      const { status, headers, body } = await send('GET', url, {});
      expect([url, status, headers['content-type']]).toEqual([url, 200, 'text/html; charset=utf-8']);
      expect(headers['content-security-policy']).toMatch(/default-src 'none'; script-src 'self';/);
      expect(body).not.toMatch(/<script>|https?:\/\//);
    }
    expect((await send('GET', '/nothing', {})).status).toBe(404);
  });

  it.each(['/assets/..%2f..%2fpackage.json', '/assets/index.html', '/assets/none.js'])(
    'hand out no other file: %s',
    async (url) => expect((await send('GET', url, {})).status).toBe(404),
  );

  it('are sent compressed to who takes it so', async () => {
    const { headers } = await send('GET', '/', { 'accept-encoding': 'gzip, br' });
    expect([headers['content-encoding'] ?? 'none', headers['vary']]).toEqual([
      expect.stringMatching(/br|none/),
      'accept-encoding',
    ]);
  });
});
