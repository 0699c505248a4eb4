import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { compareState, listAudit } from '@sluice/contracts';
import { HttpAppUnderTest } from '../testing/http-app-under-test.js';

const http = new HttpAppUnderTest();
beforeAll(() => http.start());
afterAll(() => http.stop());
beforeEach(() => {
  http.asked.length = 0;
  http.answer = undefined;
});

describe('what is put together from several services', () => {
  it('compares the state of each writing service with its tables, and sums up what differs', async () => {
    http.answer = () => ({ differing: http.asked.length, compared: 10 });
    const { status, body } = await http.call('GET', '/v1/state/comparison');
    const writers = Object.keys(compareState);
    expect(status).toBe(200);
    expect(body['services']).toEqual(
      writers.map((service, index) => ({ service, differing: index + 1, compared: 10 })),
    );
    expect(body['differing']).toBe((writers.length * (writers.length + 1)) / 2);
  });

  it('shows the newest hash of each audit chain', async () => {
    http.answer = () => ({ sequence: http.asked.length, hash: 'h' });
    const { status, body } = await http.call('GET', '/v1/audit/heads');
    expect(status).toBe(200);
    expect(body['heads']).toEqual(
      Object.keys(listAudit).map((service, index) => ({ service, sequence: index + 1, hash: 'h' })),
    );
  });
});

describe('a chain of the audit', () => {
  const entry = (sequence: number) => ({
    sequence,
    at: '2026-03-01T00:00:00.000Z',
    previousHash: 'p',
    hash: `h${sequence}`,
    content: JSON.stringify({ at: '2026-03-01T00:00:00.000Z', actor: 'anna', changes: [] }),
  });
  /** Five entries, of which the service gives two at a time. */
  const trail = ({ after, limit }: { after: number; limit: number }) => ({
    entries: [1, 2, 3, 4, 5]
      .filter((sequence) => sequence > after)
      .slice(0, Math.min(2, limit))
      .map(entry),
  });
  const sequences = (body: Record<string, unknown>) =>
    (body['items'] as { sequence: number }[]).map(({ sequence }) => sequence);

  it('is paged in its order, as far as a page goes, however little the service gives at once', async () => {
    http.answer = trail;
    const first = await http.call('GET', '/v1/audit/chains/key-management?limit=3');
    expect(sequences(first.body)).toEqual([1, 2, 3]);
    const second = await http.call(
      'GET',
      `/v1/audit/chains/key-management?limit=3&after=${encodeURIComponent(String(first.body['next']))}`,
    );
    expect(sequences(second.body)).toEqual([4, 5]);
    expect(second.body['next']).toBeUndefined();
  });

  it('does not take the cursor of another chain', async () => {
    http.answer = trail;
    const { body } = await http.call('GET', '/v1/audit/chains/key-management?limit=1');
    const other = await http.call(
      'GET',
      `/v1/audit/chains/authorization?after=${encodeURIComponent(String(body['next']))}`,
    );
    expect(other).toMatchObject({ status: 400, body: { code: 'invalid-argument' } });
  });
});

describe('an attachment of a message', () => {
  it('is a download of that name, which no browser runs', async () => {
    http.answer = { name: 'café "1".html', content: Buffer.from('<script>').toString('base64') };
    const reply = await http.app.inject({
      method: 'GET',
      url: '/v1/message-processing-logs/m/attachments/3',
      headers: { authorization: 'Bearer token' },
    });
    expect(reply.statusCode).toBe(200);
    expect(reply.body).toBe('<script>');
    expect(reply.headers['content-disposition']).toBe(
      `attachment; filename*=UTF-8''${encodeURIComponent('café "1".html')}`,
    );
    expect(reply.headers['x-content-type-options']).toBe('nosniff');
    expect(http.asked).toMatchObject([{ request: { id: 'm', index: 3 } }]);
  });
});

describe('flows that are not deployed yet', () => {
  it('are checked with the name they would have, and without one', async () => {
    http.answer = { valid: true, violations: [] };
    await http.call('POST', '/v1/flows/check', 'id: orders', 'application/yaml');
    expect(http.asked[0]?.request).not.toHaveProperty('id');
    await http.call('POST', '/v1/flows/check?id=orders', 'id: orders', 'application/yaml');
    expect(http.asked[0]?.request).toMatchObject({ id: 'orders' });
  });

  it('are imported from a package and from nothing else', async () => {
    const refused = await http.call('POST', '/v1/flows/import', 'id: orders', 'application/yaml');
    expect(refused).toMatchObject({ status: 415, body: { code: 'unsupported-media-type' } });
    expect(http.asked).toEqual([]);
  });
});

describe('a CRL for a trusted root', () => {
  const url = `/v1/trusted-roots/${'ab'.repeat(32)}/crls`;

  it('is taken as the file it is, or as PEM in JSON', async () => {
    http.answer = { certificateList: { number: '1' }, propagation: 'published' };
    const file = await http.call('POST', url, Buffer.from([0x30, 0x00]), 'application/pkix-crl');
    expect([file.status, http.asked[0]?.request['content']]).toEqual([201, 'MAA=']);
    const json = await http.call('POST', url, JSON.stringify({ pem: 'PEM' }));
    expect([json.status, http.asked[0]?.request['content']]).toEqual([201, Buffer.from('PEM').toString('base64')]);
  });

  it('is refused where there is nothing', async () => {
    const { body } = await http.call('POST', url, Buffer.alloc(0), 'application/pkix-crl');
    expect(body['code']).toBe('certificate-list-refused');
    expect(http.asked).toEqual([]);
  });
});

describe('health', () => {
  it('says that the process lives, and what it still waits for', async () => {
    expect((await http.app.inject({ method: 'GET', url: '/livez' })).json()).toEqual({
      service: 'admin-api',
      status: 'ok',
    });
    const ready = await http.app.inject({ method: 'GET', url: '/readyz' });
    expect(ready.json()).toMatchObject({ service: 'admin-api' });
  });

  it('describes the API to everybody', async () => {
    const { statusCode, body } = await http.app.inject({ method: 'GET', url: '/v1/openapi.json' });
    expect(statusCode).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ openapi: expect.stringMatching(/^3\.1/) });
  });
});
