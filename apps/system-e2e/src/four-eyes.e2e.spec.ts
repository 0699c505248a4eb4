import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { Administrator } from './administrator/administrator.js';
import type { AdminClient } from './administrator/admin-client.js';
import { LocalStack } from './stack/local-stack.js';
import { runCommandLine } from './stack/run-command-line.js';

const root = join(import.meta.dirname, '..', '..', '..');

describe('the four-eyes rule', () => {
  let stack: LocalStack;
  let first: Administrator;
  const tokens = new Map<string, string>();
  const administrator = async (name: string, by: AdminClient = first.client, roles?: string[]) => {
    const { token } = await by.expect<{ token: string }>(201, 'POST', '/v1/admin-tokens', {
      name,
      ...(roles ? { roles } : {}),
    });
    tokens.set(name, token);
    return new Administrator(stack.facts.adminUrl, token);
  };
  beforeAll(async () => {
    stack = await LocalStack.start({ environment: { FOUR_EYES: 'on' } });
    first = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
  }, 120_000);
  afterAll(() => stack?.stop());

  it('attack 56: an administrator with all rights ends nothing alone, by no second token, session or robot of their own', async () => {
    const [mallory, ben] = [await administrator('mallory'), await administrator('ben')];
    const instance = await mallory.createInstance();
    await mallory.createKey(instance, { 'key-type': 'client_secret' });
    const path = `/v1/service-instances/${instance.id}?force=true`;
    const answer = await mallory.client.request('DELETE', path);
    expect([answer.status, answer.body.code]).toEqual([409, 'approval-required']);
    const proposal = String(answer.body['proposal']);
    const approve = `/v1/proposals/${proposal}/approve`;

    const second = await administrator('second', mallory.client);
    const third = await administrator('third', second.client);
    for (const { client } of [mallory, second, third]) {
      const refused = await client.request('POST', approve);
      expect([refused.status, refused.body.code]).toEqual([403, 'permission-denied']);
    }
    // One made before the proposal is no better than one made after it.
    const robots = await mallory.client.expect<{ id: string }>(201, 'POST', '/v1/service-instances', {
      name: 'robots',
      plan: 'api',
      parameters: { roles: ['API.invoke', 'Admin.all'] },
    });
    const { credentials } = await mallory.client.expect<{
      credentials: { tokenurl: string; clientid: string; clientsecret: string };
    }>(201, 'POST', `/v1/service-instances/${robots.id}/service-keys`, {
      name: 'robot',
      parameters: { 'key-type': 'client_secret' },
    });
    const granted = await fetch(credentials.tokenurl, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${credentials.clientid}:${credentials.clientsecret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    const { access_token: robotToken } = (await granted.json()) as { access_token: string };
    const robot = new Administrator(stack.facts.adminUrl, robotToken).client;
    for (const refused of [await robot.request('POST', approve), await robot.request('DELETE', path)])
      expect([refused.status, refused.body.code]).toEqual([403, 'permission-denied']);
    const session = await fetch(`${stack.facts.adminUrl}/v1/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify({ token: tokens.get('mallory') }),
    });
    const cookie = String(session.headers.get('set-cookie')).split(';')[0] ?? '';
    const bySession = await fetch(`${stack.facts.adminUrl}${approve}`, {
      method: 'POST',
      headers: { cookie, 'sec-fetch-site': 'same-origin' },
    });
    expect(bySession.status).toBe(403);

    expect((await ben.client.request('GET', `/v1/service-instances/${instance.id}`)).status).toBe(200);
    const approved = await ben.client.expect<{ decidedBy: string }>(200, 'POST', approve);
    expect(approved.decidedBy).toBe('ben');
    expect((await ben.client.request('GET', `/v1/service-instances/${instance.id}`)).status).toBe(404);
    const { items } = await ben.client.expect<{ items: { actor: string; action: string }[] }>(
      200,
      'GET',
      `/v1/audit?entity=${proposal}`,
    );
    expect(items.map(({ actor }) => actor)).toEqual(['ben', 'mallory']);
  });

  it('is kept from the command line too', async () => {
    const carol = await administrator('carol');
    await administrator('dave');
    const instance = await carol.createInstance();
    await carol.createKey(instance, { 'key-type': 'client_secret' });
    const sluice = (name: string, ...words: string[]) =>
      runCommandLine([process.execPath, join(root, 'tools', 'cli', 'dist', 'sluice', 'main.js')], words, {
        HOME: stack.home,
        SLUICE_ADMIN_URL: stack.facts.adminUrl,
        SLUICE_ADMIN_TOKEN: tokens.get(name) ?? '',
      });
    const refused = await sluice('carol', 'instance', 'delete', instance.name, '--force');
    expect([refused.code, refused.err]).toEqual([5, expect.stringContaining('waits as proposal')]);
    const listed = await sluice('carol', 'proposal', 'list', '--open', '-o', 'json');
    const [{ id }] = JSON.parse(listed.out) as [{ id: string }];
    expect((await sluice('carol', 'proposal', 'approve', id)).code).toBe(4);
    expect(await sluice('dave', 'proposal', 'approve', id)).toMatchObject({ code: 0 });
    expect((await sluice('dave', 'proposal', 'withdraw', id)).code).toBe(5);
  });
});
