import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { operations, type HttpOperation } from '@sluice/contracts';
import { allRights, isRight, rightNames, rightsOf, type Right } from '@sluice/domain';
import { Administrator } from './administrator/administrator.js';
import { LocalStack } from './stack/local-stack.js';

const unknownId = '00000000-0000-4000-8000-000000000000';
const targetOf = ({ path }: HttpOperation) => path.replace('{service}', 'authorization').replace(/\{\w+\}/g, unknownId);

describe('administrators with the rights that they need', () => {
  let stack: LocalStack;
  let first: Administrator;
  const withRights = async (name: string, roles: readonly Right[], more: object = {}) => {
    const { token } = await first.client.expect<{ token: string }>(201, 'POST', '/v1/admin-tokens', {
      name,
      roles,
      ...more,
    });
    return new Administrator(stack.facts.adminUrl, token).client;
  };

  beforeAll(async () => {
    stack = await LocalStack.start();
    first = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
  }, 120_000);
  afterAll(() => stack?.stop());

  it.each(rightNames)('%s: each operation is refused with 403 exactly where its definition says', async (right) => {
    const client = await withRights(`has-${right}`, [right]);
    for (const operation of operations) {
      // With a parameter that is not known nothing is carried out, also where it may be.
      const answer = await client.request(operation.method, `${targetOf(operation)}?unknown=1`);
      const may = !isRight(operation.needs) || rightsOf([right]).has(operation.needs);
      expect([operation.id, answer.status, answer.body.code]).toEqual([
        operation.id,
        ...(may ? [400, 'invalid-argument'] : [403, 'permission-denied']),
      ]);
    }
  });

  it('sees all lists and changes nothing with the rights to read', async () => {
    const client = await withRights('read-only', ['Monitoring.read', 'Audit.read']);
    // What sends a browser elsewhere is no list, nor what never ends.
    const lists = operations.filter(
      ({ method, path, answer }) => method === 'GET' && !path.includes('{') && answer.schema !== undefined,
    );
    expect(lists.length).toBeGreaterThan(12);
    for (const operation of lists)
      expect([operation.id, (await client.request('GET', operation.path)).status]).toEqual([operation.id, 200]);
    // Everybody may open a session of their own, and close it.
    const own = ['signIn', 'signOut', 'signOutEverywhere'];
    const changing = operations.filter(({ id, method }) => method !== 'GET' && !own.includes(id));
    expect(changing.length).toBeGreaterThan(30);
    for (const operation of changing)
      expect([operation.id, (await client.request(operation.method, targetOf(operation))).status]).toEqual([
        operation.id,
        403,
      ]);
  });

  it('attack 55: comes to no more by making a token, an instance or a key, nor by revoking what has more', async () => {
    const keeper = await withRights('keeper', ['Keys.manage', 'Tokens.manage']);
    const refused = async (method: string, path: string, body?: object) => {
      const answer = await keeper.request(method, path, body);
      expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'permission-denied']);
    };
    const instance = await first.client.expect<{ id: string }>(201, 'POST', '/v1/service-instances', {
      name: 'automation',
      plan: 'api',
      parameters: { roles: ['API.invoke', allRights] },
    });
    const key = await first.client.expect<{ id: string }>(
      201,
      'POST',
      `/v1/service-instances/${instance.id}/service-keys`,
      {
        name: 'robot',
        parameters: { 'key-type': 'certificate', 'key-algorithm': 'P-256' },
      },
    );
    await refused('POST', '/v1/admin-tokens', { name: 'more', roles: [allRights] });
    await refused('DELETE', '/v1/admin-tokens/initial');
    await refused('POST', '/v1/service-instances', {
      name: 'more',
      plan: 'api',
      parameters: { roles: ['Audit.read'] },
    });
    await refused('PATCH', `/v1/service-instances/${instance.id}`, { name: 'mine' });
    await refused('DELETE', `/v1/service-instances/${instance.id}?force=true`);
    await refused('POST', `/v1/service-instances/${instance.id}/service-keys`, { name: 'mine' });
    for (const path of ['rotate', 'revoke']) await refused('POST', `/v1/service-keys/${key.id}/${path}`);
    await refused('DELETE', `/v1/service-keys/${key.id}`);
    await first.client.expect(200, 'POST', `/v1/service-keys/${key.id}/rotate`);
    const less = await keeper.expect<{ roles: string[]; expiresAt: string }>(201, 'POST', '/v1/admin-tokens', {
      name: 'less',
    });
    expect(less.roles).toEqual(['Keys.manage', 'Tokens.manage']);
  });

  it('is out when the token has expired, and stands under its name in the audit trail', async () => {
    const client = await withRights('brief', ['Roles.manage'], {
      expiresAt: new Date(Date.now() + 4_000).toISOString(),
    });
    await client.expect(201, 'POST', '/v1/user-roles', { name: 'Brief.role' });
    let answer = await client.request('GET', '/v1/user-roles');
    while (answer.status === 200) answer = await client.request('GET', '/v1/user-roles');
    expect([answer.status, answer.body.detail]).toEqual([
      401,
      expect.stringMatching(/^The admin token brief expired at /),
    ]);
    const { items } = await first.client.expect<{ items: { action: string }[] }>(200, 'GET', '/v1/audit?actor=brief');
    expect(items.map(({ action }) => action)).toEqual(['sluice.authorization.create-user-role.v1']);
  });
});
