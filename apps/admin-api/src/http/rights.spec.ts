import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { operations, type HttpOperation } from '@sluice/contracts';
import { allRights, apiRole, isRight, rightNames, rightsOf } from '@sluice/domain';
import { HttpAppUnderTest } from '../testing/http-app-under-test.js';

const http = new HttpAppUnderTest();
beforeAll(() => http.start());
afterAll(() => http.stop());
beforeEach(() => {
  http.answer = {};
  http.roles = [allRights];
});

const targetOf = ({ path }: HttpOperation) => path.replace(/\{\w+\}/g, 'x');
const call = (operation: HttpOperation, more = '') =>
  http.call(operation.method, `${targetOf(operation)}${more}`, operation.body ? '{' : undefined);

describe('the right that an operation needs', () => {
  it.each([...rightNames, apiRole, 'ESBMessaging.send'])(
    'is held against %s: 403 exactly where it is missing, before anything is read, and nobody else is asked',
    async (role) => {
      http.roles = [role];
      for (const operation of operations) {
        const { id, needs } = operation;
        const { status, body, headers } = await call(operation, '?unknown=1');
        if (!isRight(needs) || rightsOf([role]).has(needs)) {
          // Let in, it is told what is wrong with the request.
          expect([id, status]).toEqual([id, 400]);
          continue;
        }
        expect([id, status, body['code'], body['missing'], http.asked]).toEqual([
          id,
          403,
          'permission-denied',
          [needs],
          [],
        ]);
        expect(headers['www-authenticate']).toBe(`Bearer realm="sluice", error="insufficient_scope", scope="${needs}"`);
      }
    },
  );

  it('is asked of HEAD as of GET', async () => {
    http.roles = ['Keys.read'];
    const reply = await http.app.inject({
      method: 'HEAD',
      url: '/v1/audit',
      headers: { authorization: 'Bearer token' },
    });
    expect(reply.statusCode).toBe(403);
  });

  it('is missing where the service says no roles: one of the version before does not', async () => {
    http.roles = [];
    expect((await http.call('GET', '/v1/user-roles')).status).toBe(403);
    expect((await http.call('GET', '/v1/version')).status).toBe(200);
  });
});
