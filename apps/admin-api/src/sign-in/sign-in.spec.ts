import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openPersonSession } from '@sluice/contracts';
import { TemporaryFolder } from '@sluice/testing';
import { TestOpenIdProvider } from '@sluice/testing/openid';
import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { maxAnswerBytes } from './bounded-fetch.js';
import { HttpAppUnderTest } from '../testing/http-app-under-test.js';

const publicUrl = 'http://127.0.0.1:18100';
const accounts = {
  anna: { preferred_username: 'anna@example.com', groups: ['staff', 'operators'] },
  bert: { preferred_username: 'bert@example.com', groups: ['staff', 'constructor', '__proto__'] },
  carl: { preferred_username: 'carl@example.com' },
  dora: { groups: ['operators'] },
  fred: { preferred_username: '<img src=x onerror=alert(1)>', groups: [] },
};
const session = {
  name: 'person/anna@example.com/0f1e2d3c4b5a6978',
  roles: ['Keys.read'],
  expiresAt: '2026-12-01T00:00:00.000Z',
};

const http = new HttpAppUnderTest();
let provider: TestOpenIdProvider;
let folder: TemporaryFolder;
const settings = (more: Readonly<Record<string, string>> = {}) => ({
  ADMIN_API_URL: publicUrl,
  OIDC_ISSUER: provider.issuer,
  OIDC_CLIENT_ID: 'sluice',
  OIDC_CLIENT_SECRET_FILE: join(folder.path, 'secret'),
  OIDC_SCOPES: 'openid profile groups',
  OIDC_NAME: 'Example',
  OIDC_GROUP_RIGHTS: '{"operators": ["Keys.read", "Monitoring.read"], "platform": ["Admin.all"]}',
  ...more,
});

beforeAll(async () => {
  folder = new TemporaryFolder('sign-in');
  writeFileSync(join(folder.path, 'secret'), 'a secret of the client, long enough\n');
  provider = await TestOpenIdProvider.start({
    clientSecret: 'a secret of the client, long enough',
    redirectUris: [`${publicUrl}/v1/sign-in/callback`],
    postLogoutRedirectUris: [`${publicUrl}/`],
    accounts,
  });
  await http.start(settings());
}, 60_000);
afterAll(async () => {
  await http.stop();
  await provider?.stop();
  folder?.remove();
});
beforeEach(() => {
  http.asked.length = 0;
  http.answer = { session };
});
afterEach(() => {
  provider.intercept = undefined;
});

/** A browser: its cookies, and pages it goes to. */
class Browser {
  static #made = 0;
  cookie = '';

  constructor(
    private readonly to = http,
    private readonly headers: Readonly<Record<string, string>> = { accept: 'text/html' },
    /** Each at its own: who guesses at one waits there. */
    private readonly address = `198.18.0.${++Browser.#made}`,
  ) {}

  async go(url: string, more: Readonly<Record<string, string>> = {}) {
    const reply = await this.to.app.inject({
      method: 'GET',
      url,
      remoteAddress: this.address,
      headers: { ...this.headers, ...more, ...(this.cookie === '' ? {} : { cookie: this.cookie }) },
    });
    const set = [reply.headers['set-cookie'] ?? []].flat();
    for (const cookie of set) if (cookie.startsWith('sluice-sign-in=')) this.cookie = cookie.split(';')[0] ?? '';
    return { status: reply.statusCode, headers: reply.headers, body: reply.body, set };
  }

  /** @returns where it is sent */
  async start(path = '') {
    return (await this.go(`/v1/sign-in/provider${path}`)).headers['location'] as string;
  }

  /** @returns the path and query that the provider sends it back to */
  async atProvider(account: string, path = '') {
    const back = await provider.signIn(await this.start(path), account);
    return back.pathname + back.search;
  }
}
const whole = async (account: string, path = '') => {
  const browser = new Browser();
  return browser.go(await browser.atProvider(account, path));
};
const asJson = { accept: 'application/json' };

describe('signing in by a provider of identities', () => {
  it('leads to it with PKCE, state and nonce, and back to the page one came from, with a session', async () => {
    const browser = new Browser();
    const { headers, status, set } = await browser.go('/v1/sign-in/provider?return=/flows?name=a');
    const target = new URL(String(headers['location']));
    expect([status, target.origin, Object.fromEntries(target.searchParams)]).toEqual([
      303,
      provider.issuer,
      {
        client_id: 'sluice',
        redirect_uri: `${publicUrl}/v1/sign-in/callback`,
        response_type: 'code',
        scope: 'openid profile groups',
        state: expect.stringMatching(/^[\w-]{43}$/),
        nonce: expect.stringMatching(/^[\w-]{43}$/),
        code_challenge: expect.stringMatching(/^[\w-]{43}$/),
        code_challenge_method: 'S256',
      },
    ]);
    expect(set).toEqual([
      expect.stringMatching(/^sluice-sign-in=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/),
    ]);
    const back = await provider.signIn(target.href, 'anna');
    const done = await browser.go(back.pathname + back.search);
    expect([done.status, done.headers['location'], done.headers['cache-control'], done.body]).toEqual([
      303,
      '/flows?name=a',
      'no-store',
      '',
    ]);
    expect(done.set).toEqual([
      'sluice-sign-in=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0',
      expect.stringMatching(/^sluice-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/),
    ]);
    expect(http.asked).toEqual([
      {
        subject: openPersonSession.subject,
        request: {
          person: {
            issuer: provider.issuer,
            subject: 'anna',
            shown: 'anna@example.com',
            roles: ['Monitoring.read', 'Keys.read'],
          },
          sessionSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
          idleMs: 30 * 60_000,
          maxMs: 12 * 3_600_000,
        },
      },
    ]);
  });

  it('tells whether there is one, by what name, and where to begin', async () => {
    const { body } = await new Browser().go('/v1/sign-in');
    expect(JSON.parse(body)).toEqual({ provider: { name: 'Example', url: `${publicUrl}/v1/sign-in/provider` } });
  });

  it.each([
    ['bert', 'no group of yours has rights here'],
    ['carl', 'it says no groups of you (claim groups)'],
    ['dora', 'says no preferred_username of you'],
  ])(
    'is refused to who is in no group with rights, or has no name, on a page that says why: %s',
    async (account, why) => {
      const { status, headers, body, set } = await whole(account);
      expect([status, headers['content-type']]).toEqual([403, 'text/html; charset=utf-8']);
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
      expect(body).toContain(why);
      expect(set).toEqual([expect.stringContaining('sluice-sign-in=;')]);
      expect(http.asked).toEqual([]);
    },
  );

  it('goes on without the provider at the start, says so, and finds it when it is there', async () => {
    const away = new HttpAppUnderTest();
    provider.intercept = (_request, response) => {
      response.writeHead(503).end();
      return true;
    };
    let now = 0;
    await away.start(settings(), () => now);
    const browser = new Browser(away);
    const refused = await browser.go('/v1/sign-in/provider');
    expect([refused.status, refused.headers['retry-after'], refused.set]).toEqual([503, '5', []]);
    expect(refused.body).toContain('The provider of identities cannot be reached now');
    provider.intercept = undefined;
    // Not asked again at once, whoever comes.
    provider.asked.length = 0;
    expect((await browser.go('/v1/sign-in/provider')).status).toBe(503);
    expect(provider.asked).toEqual([]);
    now += 5_000;
    expect((await browser.go('/v1/sign-in/provider')).status).toBe(303);
    provider.asked.length = 0;
    now += 3_599_999;
    expect((await browser.go('/v1/sign-in/provider')).status).toBe(303);
    expect(provider.asked).toEqual([]);
    // Read again after an hour, and what is known holds while it cannot be.
    now += 1;
    provider.intercept = (_request, response) => {
      response.writeHead(503).end();
      return true;
    };
    expect((await browser.go('/v1/sign-in/provider')).status).toBe(303);
    expect(provider.asked).toEqual(['/.well-known/openid-configuration']);
    await away.stop();
  });

  it('is not there where none is set: not found, with the next step', async () => {
    const without = new HttpAppUnderTest();
    await without.start();
    for (const path of ['provider', 'callback?state=x', 'leave']) {
      const { status, body } = await new Browser(without, asJson).go(`/v1/sign-in/${path}`);
      expect([path, status, JSON.parse(body)]).toEqual([
        path,
        404,
        expect.objectContaining({ code: 'not-found', detail: expect.stringContaining('set OIDC_ISSUER') as unknown }),
      ]);
    }
    expect((await new Browser(without).go('/v1/sign-in')).body).toBe('{}');
    await without.stop();
  });

  it('takes claims from the id token where they are there, and groups within another claim', async () => {
    const other = await TestOpenIdProvider.start({
      redirectUris: [`${publicUrl}/v1/sign-in/callback`],
      accounts: { erik: { name: 'Erik', realm_access: { roles: ['platform'] } } },
      claimsInIdToken: true,
      endSession: false,
    });
    const app = new HttpAppUnderTest();
    const { OIDC_CLIENT_SECRET_FILE: _of_the_other, ...rest } = settings();
    await app.start({
      ...rest,
      OIDC_ISSUER: other.issuer,
      OIDC_NAME_CLAIM: 'name',
      OIDC_GROUPS_CLAIM: 'realm_access.roles',
      OIDC_SESSION_IDLE_MINUTES: '5',
      OIDC_SESSION_HOURS: '1',
    });
    app.answer = { session };
    const browser = new Browser(app);
    const back = await other.signIn(await browser.start(), 'erik');
    expect((await browser.go(back.pathname + back.search)).status).toBe(303);
    expect(app.asked[0]?.request).toMatchObject({
      person: { subject: 'erik', shown: 'Erik', roles: ['Admin.all'] },
      idleMs: 300_000,
      maxMs: 3_600_000,
    });
    expect(other.asked).not.toContain('/me');
    // It has no page for signing out.
    expect((await browser.go('/v1/sign-in/leave')).headers['location']).toBe('/');
    await app.stop();
    await other.stop();
  });

  it('signs out at the provider too', async () => {
    const { headers } = await new Browser().go('/v1/sign-in/leave');
    const target = new URL(String(headers['location']));
    expect([target.pathname, Object.fromEntries(target.searchParams)]).toEqual([
      '/session/end',
      { client_id: 'sluice', post_logout_redirect_uri: `${publicUrl}/` },
    ]);
    expect((await fetch(target)).status).toBe(200);
  });

  it('has cookies for TLS alone where the admin API is reached by TLS', async () => {
    const app = new HttpAppUnderTest();
    await app.start(settings({ ADMIN_API_URL: 'https://sluice.example.com' }));
    const { set } = await new Browser(app).go('/v1/sign-in/provider');
    expect(set).toEqual([
      expect.stringMatching(/^__Host-sluice-sign-in=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600; Secure$/),
    ]);
    await app.stop();
  });
});

/** An answer to the callback that signed nobody in. */
const refusedWith = (status: number, { status: given, set, body }: Awaited<ReturnType<Browser['go']>>) => {
  expect([given, set.filter((cookie) => cookie.startsWith('sluice-session'))]).toEqual([status, []]);
  expect(http.asked).toEqual([]);
  return body;
};

describe('attack 48: an attack on the sign-in by a provider', () => {
  it('signs no browser in as somebody else: what another one began is not finished', async () => {
    const attacker = new Browser();
    const back = await attacker.atProvider('anna');
    refusedWith(400, await new Browser().go(back));
    const victim = new Browser();
    await victim.start();
    const page = refusedWith(400, await victim.go(back));
    expect(page).toContain('This sign-in was not begun in this browser');
    // Its own goes on all the same.
    expect(
      (await victim.go(await provider.signIn(await victim.start(), 'anna').then((url) => url.pathname + url.search)))
        .status,
    ).toBe(303);
  });

  it('gives nothing by an answer that comes again, or too late', async () => {
    const browser = new Browser();
    const back = await browser.atProvider('anna');
    const { cookie } = browser;
    expect((await browser.go(back)).status).toBe(303);
    http.asked.length = 0;
    browser.cookie = cookie;
    provider.asked.length = 0;
    refusedWith(400, await browser.go(back));
    expect(provider.asked).toEqual([]);

    let now = Date.UTC(2026, 0, 1);
    const app = new HttpAppUnderTest();
    await app.start(settings(), () => now);
    const late = new Browser(app);
    const url = await provider.signIn(await late.start(), 'anna');
    now += 600_000;
    expect((await late.go(url.pathname + url.search)).status).toBe(400);
    await app.stop();
  });

  it('gives nothing by a code that was made for another browser: PKCE and nonce are of its own sign-in', async () => {
    const [attacker, victim] = [new Browser(), new Browser()];
    const stolen = new URL(await victim.atProvider('anna'), publicUrl).searchParams.get('code') ?? '';
    const own = new URL(await attacker.atProvider('bert'), publicUrl);
    own.searchParams.set('code', stolen);
    refusedWith(401, await attacker.go(own.pathname + own.search));
  });

  it('is mixed up with no other provider: `iss` is held against the one that was asked (RFC 9207)', async () => {
    const browser = new Browser();
    const back = new URL(await browser.atProvider('anna'), publicUrl);
    expect(back.searchParams.get('iss')).toBe(provider.issuer);
    back.searchParams.set('iss', 'https://elsewhere.example');
    refusedWith(401, await browser.go(back.pathname + back.search));
    const without = new Browser();
    const other = new URL(await without.atProvider('anna'), publicUrl);
    other.searchParams.delete('iss');
    refusedWith(401, await without.go(other.pathname + other.search));
  });

  it.each([
    '//elsewhere.example',
    '/\\elsewhere.example',
    '/%09/elsewhere.example',
    'https://elsewhere.example',
    'javascript:alert(1)',
    '/v1/sign-in/provider',
    '//v1/sessions',
    'flows',
    '/flows\r\nset-cookie:a',
    '/./\\elsewhere.example',
  ])('leads to no other site: %s', async (path) => {
    const { status, headers } = await new Browser().go(`/v1/sign-in/provider?return=${encodeURIComponent(path)}`);
    if (status === 303) {
      // A path of ours, however odd.
      const browser = new Browser();
      const done = await browser.go(await browser.atProvider('anna', `?return=${encodeURIComponent(path)}`));
      expect(new URL(String(done.headers['location']), publicUrl).origin).toBe(publicUrl);
      expect(path).toMatch(/%09/);
    } else expect([status, headers['location']]).toEqual([400, undefined]);
  });

  it('begins in no image and no frame of another page', async () => {
    for (const more of [
      { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ]) {
      const { status, set } = await new Browser().go('/v1/sign-in/provider', more);
      expect([status, set]).toEqual([403, []]);
      expect((await new Browser().go('/v1/sign-in/leave', more)).status).toBe(403);
    }
    const by = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'cross-site' };
    expect((await new Browser().go('/v1/sign-in/provider', by)).status).toBe(303);
  });

  it('gives another session for each sign-in, and takes none that the browser brings', async () => {
    const ids = new Set<string>();
    for (let time = 0; time < 2; time++) {
      const browser = new Browser();
      const back = await browser.atProvider('anna');
      browser.cookie += `; sluice-session=${'f'.repeat(43)}`;
      const { set } = await browser.go(back);
      ids.add(/sluice-session=([\w-]{43});/.exec(set.join('\n'))?.[1] ?? '');
    }
    expect(ids.size).toBe(2);
    expect([...ids].join()).not.toContain('fff');
    expect(new Set(http.asked.map(({ request }) => request['sessionSha256'])).size).toBe(2);
  });

  /** An id token as somebody who can answer for the token end point would like it to be. */
  const forge = (
    change: (claims: Record<string, unknown>) => Record<string, unknown>,
    sign: (text: string) => string,
    header: object,
  ) => {
    provider.intercept = (request, response) => {
      if (request.url !== '/token' || request.method !== 'POST') return false;
      const claims = {
        iss: provider.issuer,
        sub: 'anna',
        aud: 'sluice',
        exp: Date.now() / 1_000 + 60,
        iat: Date.now() / 1_000,
        ...accounts.anna,
      };
      const text = [header, change(claims)]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');
      send(response, { access_token: 'a', token_type: 'Bearer', id_token: `${text}.${sign(text)}` });
      return true;
    };
  };
  const send = (response: ServerResponse, body: unknown) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const byKey =
    (key = provider.signingKey) =>
    (text: string) =>
      createSign('sha256').update(text).sign(key, 'base64url');
  const good = { alg: 'RS256', kid: 'first' };
  const nonceOf = (start: string) => new URL(start).searchParams.get('nonce');

  it.each([
    ['alg none', { alg: 'none' }, () => () => '', {}],
    [
      'HS256 by the secret of the client',
      { alg: 'HS256' },
      () => (text: string) =>
        createHmac('sha256', 'a secret of the client, long enough').update(text).digest('base64url'),
      {},
    ],
    [
      'the key of somebody else',
      good,
      () => byKey(generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey),
      {},
    ],
    ['another nonce', good, byKey, { nonce: 'of another' }],
    ['another audience', good, byKey, { aud: 'another' }],
    ['another issuer', good, byKey, { iss: 'https://elsewhere.example' }],
    ['an end that has passed', good, byKey, { exp: 1 }],
  ] as const)('is not let in by an id token with %s', async (_what, header, sign, claims) => {
    const browser = new Browser();
    const start = await browser.start();
    const back = await provider.signIn(start, 'anna');
    forge((given) => ({ ...given, nonce: nonceOf(start), ...claims }), sign(), header);
    const body = refusedWith(401, await browser.go(back.pathname + back.search));
    expect(body).not.toContain(back.searchParams.get('code') ?? 'none');
  });

  it('is let in by an id token as the provider signs it: what the others are compared with', async () => {
    const browser = new Browser();
    const start = await browser.start();
    const back = await provider.signIn(start, 'anna');
    forge((given) => ({ ...given, nonce: nonceOf(start) }), byKey(), good);
    expect((await browser.go(back.pathname + back.search)).status).toBe(303);
  });

  it('takes no memory by an answer of any length, and no time by one that does not come', async () => {
    const browser = new Browser();
    const back = await browser.atProvider('anna');
    let written = 0;
    const ended = Promise.withResolvers<void>();
    provider.intercept = (request, response) => {
      if (request.url !== '/token') return false;
      response.writeHead(200, { 'content-type': 'application/json' });
      const chunk = Buffer.alloc(64 * 1024, 0x20);
      const more = () => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
      };
      response.on('drain', more).on('close', () => ended.resolve());
      more();
      return true;
    };
    refusedWith(503, await browser.go(back));
    await ended.promise;
    expect(written).toBeLessThan(64 * 1024 * 1024);
    expect(http.logged).toContainEqual([
      { cause: `an answer of the provider exceeds ${maxAnswerBytes} bytes` },
      expect.any(String),
    ]);
  });

  it('has the provider ask nobody elsewhere: redirects are not followed, and plain HTTP stays on this machine', async () => {
    const fresh = async () => {
      const other = new HttpAppUnderTest();
      await other.start(settings());
      const answer = await new Browser(other).go('/v1/sign-in/provider');
      await other.stop();
      return answer.status;
    };
    provider.intercept = (_request, response) => {
      response.writeHead(302, { location: `${provider.issuer}/.well-known/elsewhere` }).end();
      return true;
    };
    provider.asked.length = 0;
    expect(await fresh()).toBe(503);
    expect(provider.asked).toEqual(['/.well-known/openid-configuration']);
    for (const endpoint of ['http://192.0.2.1/auth', 'ftp://localhost/auth']) {
      provider.intercept = (_request, response) => {
        send(response, { issuer: provider.issuer, authorization_endpoint: endpoint });
        return true;
      };
      expect([endpoint, await fresh()]).toEqual([endpoint, 503]);
    }
    provider.intercept = (_request, response) => {
      send(response, { issuer: 'https://elsewhere.example', authorization_endpoint: 'https://elsewhere.example/auth' });
      return true;
    };
    expect(await fresh()).toBe(503);
  });

  it('tells nobody what the provider sent: no code, token or secret in an answer or a log, and no error of the query', async () => {
    const browser = new Browser();
    await browser.start();
    const state = new URL(await browser.start()).searchParams.get('state') ?? '';
    const hostile = encodeURIComponent('<script>alert(1)</script>');
    const body = refusedWith(
      401,
      await browser.go(
        `/v1/sign-in/callback?state=${state}&iss=${encodeURIComponent(provider.issuer)}&error=${hostile}&error_description=${hostile}`,
      ),
    );
    expect(body).not.toContain('script');
    const other = new Browser();
    const back = await other.atProvider('anna');
    const code = new URL(back, publicUrl).searchParams.get('code') ?? '';
    provider.intercept = (request, response) => {
      if (request.url !== '/token') return false;
      send(response, { access_token: 'told-to-nobody', token_type: 'Bearer', id_token: 'told.to.nobody' });
      return true;
    };
    const answer = refusedWith(401, await other.go(back));
    const told = JSON.stringify([answer, http.logged, http.faults]);
    expect(http.logged).toContainEqual([{ cause: 'OAUTH_INVALID_RESPONSE' }, expect.any(String)]);
    for (const secret of [code, 'told', 'script', 'a secret of the client']) expect(told).not.toContain(secret);
    expect(http.faults).toEqual([]);
  });

  it('writes a name into the page as text, whatever somebody calls themselves', async () => {
    const body = refusedWith(403, await whole('fred'));
    expect(body).toContain('as &#60;img src=x onerror=alert(1)&#62;,');
    expect(body).not.toContain('<img');
  });

  it('slows down who tries codes, by address', async () => {
    const app = new HttpAppUnderTest();
    await app.start(settings());
    const statuses = [];
    for (let time = 0; time < 12; time++) {
      const browser = new Browser(app, asJson, '192.0.2.1');
      const state = new URL(await browser.start()).searchParams.get('state') ?? '';
      const query = new URLSearchParams({ state, code: `guess-${time}`, iss: provider.issuer });
      statuses.push((await browser.go(`/v1/sign-in/callback?${query.toString()}`)).status);
    }
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429]);
    await app.stop();
  });
});
