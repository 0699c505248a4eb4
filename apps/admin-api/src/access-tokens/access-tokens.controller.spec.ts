import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { issueApiToken } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { HttpAppUnderTest } from '../testing/http-app-under-test.js';

const http = new HttpAppUnderTest();
beforeAll(() => http.start());
afterAll(() => http.stop());
beforeEach(() => {
  http.asked.length = 0;
  http.answer = { outcome: 'issued', accessToken: 'a.b.c', expiresIn: 3_600, scope: 'API.invoke Keys.read' };
});

const basic = (id: string, secret: string) =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
const ask = async (
  body: string,
  headers: Record<string, string> = { authorization: basic('key', 'secret') },
  url = '/oauth/token',
) => {
  const reply = await http.app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: body,
  });
  return { status: reply.statusCode, headers: reply.headers, body: reply.json<Record<string, unknown>>() };
};
const grant = 'grant_type=client_credentials';

describe('an access token for the admin API', () => {
  it('is given to a client that shows its secret in the header, and kept by nobody (RFC 6749 §5.1)', async () => {
    const { status, headers, body } = await ask(`${grant}&scope=API.invoke%20Keys.read`, {
      authorization: basic('key/1', 's:ä+ %'),
    });
    expect([status, body]).toEqual([
      200,
      { access_token: 'a.b.c', token_type: 'Bearer', expires_in: 3_600, scope: 'API.invoke Keys.read' },
    ]);
    expect([headers['cache-control'], headers['pragma']]).toEqual(['no-store', 'no-cache']);
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(http.asked).toEqual([
      {
        subject: issueApiToken.subject,
        request: {
          client: { by: 'secret', clientId: 'key/1', secret: 's:ä+ %' },
          scope: 'API.invoke Keys.read',
          address: '127.0.0.1',
        },
      },
    ]);
  });

  it('is given to one that shows it in the body, all roles unless it says which', async () => {
    expect((await ask(`${grant}&client_id=key&client_secret=a%2Bb&scope=`, {})).status).toBe(200);
    expect(http.asked[0]?.request).toEqual({
      client: { by: 'secret', clientId: 'key', secret: 'a+b' },
      address: '127.0.0.1',
    });
  });

  it.each([
    ['another grant type', 'grant_type=password', undefined, 400, 'unsupported_grant_type'],
    ['no grant type', 'scope=a', undefined, 400, 'invalid_request'],
    ['attack 46: a parameter twice', `${grant}&${grant}`, undefined, 400, 'invalid_request'],
    ['attack 46: a scope twice', `${grant}&scope=a&scope=b`, undefined, 400, 'invalid_request'],
    [
      'attack 46: the client in the header and in the body',
      `${grant}&client_secret=s`,
      undefined,
      400,
      'invalid_request',
    ],
    ['another client in the body than in the header', `${grant}&client_id=other`, undefined, 400, 'invalid_request'],
    ['no client', grant, {}, 401, 'invalid_client'],
    ['a client without its secret', `${grant}&client_id=key`, {}, 401, 'invalid_client'],
    ['a bearer token in the place of a secret', grant, { authorization: 'Bearer a.b.c' }, 401, 'invalid_client'],
    ['what is not encoded as in a form', grant, { authorization: `Basic ${btoa('key:%zz')}` }, 401, 'invalid_client'],
    ['JSON', '{}', { 'content-type': 'application/json' }, 400, 'invalid_request'],
  ])('is not given for %s, and nobody is asked', async (_what, body, headers, expected, error) => {
    const reply = await ask(body, headers);
    expect([reply.status, reply.body['error'], typeof reply.body['error_description']]).toEqual([
      expected,
      error,
      'string',
    ]);
    expect(reply.headers['cache-control']).toBe('no-store');
    expect(reply.headers['www-authenticate']).toBe(
      expected === 401 ? 'Basic realm="sluice", charset="UTF-8"' : undefined,
    );
    expect(http.asked).toEqual([]);
  });

  it('attack 46: is not given for a secret in the URL', async () => {
    const reply = await ask(grant, {}, '/oauth/token?client_id=key&client_secret=secret');
    expect([reply.status, reply.body['error'], http.asked]).toEqual([400, 'invalid_request', []]);
  });

  it('is refused as key-management says, a client that is too long without its being asked', async () => {
    for (const [error, status] of [
      ['invalid_client', 401],
      ['unauthorized_client', 400],
      ['invalid_scope', 400],
    ] as const) {
      http.answer = { outcome: 'refused', error, description: 'No.' };
      expect(await ask(grant)).toMatchObject({ status, body: { error, error_description: 'No.' } });
    }
    http.asked.length = 0;
    const long = await ask(grant, { authorization: basic('key', 's'.repeat(257)) });
    expect([long.status, long.body['error'], http.asked]).toEqual([401, 'invalid_client', []]);
  });

  it('is to be asked for later after wrong secrets, or while it cannot be made', async () => {
    http.answer = { outcome: 'delayed', retryAfterSeconds: 7 };
    const delayed = await ask(grant);
    expect([delayed.status, delayed.headers['retry-after']]).toEqual([429, '7']);
    http.answer = new SluiceError('unavailable', 'Not now.');
    const away = await ask(grant);
    expect([away.status, away.headers['retry-after'], away.body['error']]).toEqual([
      503,
      '1',
      'temporarily_unavailable',
    ]);
  });
});
