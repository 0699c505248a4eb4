import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import { Administrator } from './administrator/administrator.js';
import { LocalStack } from './stack/local-stack.js';
import { senderWithKey, senderWithoutCertificate } from './stack/senders.js';

interface List {
  readonly items: readonly Record<string, unknown>[];
  readonly next?: string;
}

describe('what administrators look up in lists', () => {
  let stack: LocalStack;
  let administrator: Administrator;
  const list = (path: string) => administrator.client.expect<List>(200, 'GET', path);
  const found = (path: string) =>
    until(
      async () => {
        const { items } = await list(path);
        return items.length > 0 ? items : undefined;
      },
      { what: path, timeoutMs: 20_000 },
    );

  beforeAll(async () => {
    stack = await LocalStack.start();
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
  }, 120_000);
  afterAll(() => stack?.stop());

  it('are decisions, by time, sender, certificate, flow and outcome', async () => {
    const key = await administrator.createCertificateKey(await administrator.createInstance());
    const flow = await administrator.deployFlow({ role: await administrator.createRole() });
    using known = senderWithKey(stack, key);
    using unknown = senderWithoutCertificate(stack);
    const since = new Date(Date.now() - 60_000).toISOString();
    expect((await known.send(`/http/${flow.id}`, { body: 'x' })).status).toBe(403);
    expect((await unknown.send(`/http/${flow.id}`, { body: 'x' })).status).toBe(401);

    const [forbidden] = await found(`/v1/decisions?sender=${key.name}`);
    expect(forbidden).toMatchObject({
      outcome: 'denied',
      status: 403,
      flow: flow.id,
      serviceKey: { id: key.id },
      count: 1,
    });
    const sha256 = key.certificates[0]?.sha256 as string;
    expect(await found(`/v1/decisions?certificate=${sha256}&outcome=denied&since=${since}`)).toEqual([forbidden]);
    expect((await list(`/v1/decisions?certificate=${sha256}&until=${since}`)).items).toEqual([]);
    await until(async () => (await list(`/v1/decisions?flow=${flow.id}`)).items.length === 2, {
      what: 'both decisions',
    });
    const { items } = await list(`/v1/decisions?flow=${flow.id}`);
    expect(items.map(({ reason }) => reason)).toContain('no-certificate');
    expect((await administrator.decision(String(forbidden?.['id']))).checks.length).toBeGreaterThan(0);
  }, 60_000);

  it('are messages of each flow, with how many ended in an error', async () => {
    const key = await administrator.createCertificateKey(await administrator.createInstance());
    const flow = await administrator.deployFlow();
    using sender = senderWithKey(stack, key);
    for (let message = 0; message < 3; message++)
      expect((await sender.send(`/http/${flow.id}`, { body: 'x' })).status).toBe(200);
    const messagesOf = async () =>
      (await list('/v1/flows?limit=1000')).items.find(({ id }) => id === flow.id)?.['messages'] as { total: number };
    await until(async () => (await messagesOf()).total === 3, { what: 'the count of messages', timeoutMs: 20_000 });
    expect(await messagesOf()).toMatchObject({ errors: 0, byStatus: { COMPLETED: 3 } });
    expect((await administrator.client.request('GET', '/v1/flows?messagesSince=soon')).status).toBe(400);
  }, 60_000);

  it('is who changed what, newest first, by what was changed, and line by line', async () => {
    const instance = await administrator.createInstance();
    const key = await administrator.createCertificateKey(instance);
    await administrator.client.expect(200, 'POST', `/v1/service-keys/${key.id}/revoke`, { reason: 'superseded' });
    const { items } = await list(`/v1/audit?entity=${key.id}`);
    expect(items.map(({ action }) => action)).toEqual([
      'sluice.key-management.revoke-service-key.v1',
      'sluice.key-management.create-service-key.v1',
    ]);
    expect((await list(`/v1/audit?entity=${key.id}&operation=revoke-service-key&table=service_key`)).items).toEqual([
      items[0],
    ]);
    const page = await list('/v1/audit?limit=2');
    expect((await list(`/v1/audit?limit=2&after=${page.next}`)).items).toHaveLength(2);
    for (const path of [
      '/v1/audit?after=x',
      '/v1/audit?who=anna',
      '/v1/audit/chains/nobody',
      '/v1/decisions?after=x',
      '/v1/decisions?who=anna',
    ])
      expect([path, (await administrator.client.request('GET', path)).status]).toEqual([path, 400]);

    const headers = { authorization: `Bearer ${stack.facts.adminToken}`, accept: 'application/x-ndjson' };
    const exported = await fetch(`${stack.facts.adminUrl}/v1/audit?entity=${key.id}`, { headers });
    const lines = (await exported.text()).split('\n').filter((line) => line !== '');
    expect(exported.headers.get('content-type')).toBe('application/x-ndjson');
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual(items);
    const chain = await list('/v1/audit/chains/key-management?limit=3');
    expect(chain.items.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  }, 60_000);

  it('are the certificates that the servers show', async () => {
    await until(
      async () => {
        const { items } = await list('/v1/certificates?kind=server');
        const servers = new Set(items.flatMap((item) => item['servers'] as string[]));
        return servers.has('front-door') && servers.has('bus');
      },
      { what: 'the certificates of the front door and the bus', timeoutMs: 30_000 },
    );
    const [authority] = (await list('/v1/certificates?kind=server-ca')).items;
    expect(authority).toMatchObject({
      subjectdn: expect.stringContaining('Sluice Server Root') as unknown,
      status: 'active',
    });
  }, 60_000);
});
