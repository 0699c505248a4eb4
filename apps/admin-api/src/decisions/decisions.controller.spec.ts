import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SluiceError } from '@sluice/domain';
import { HttpAppUnderTest } from '../testing/http-app-under-test.js';

const http = new HttpAppUnderTest();
beforeAll(() => http.start());
afterAll(() => http.stop());

const namesDigest = 'ab'.repeat(32);
const denied = {
  id: 'd1',
  outcome: 'denied',
  certificate: { sha256: '11'.repeat(32), namesDigest, serialnumber: '0x01' },
};
const near = {
  sha256: '22'.repeat(32),
  serviceKeyId: 'k',
  serviceKeyName: 'erp',
  serialnumber: '0x02',
  status: 'active',
  validuntil: '2027-01-01T00:00:00.000Z',
};
let record: object;
let found: unknown;
beforeEach(() => {
  record = denied;
  found = { certificates: [near] };
  http.answer = (request: object) => ('namesDigest' in request ? found : record);
});
const shown = async () => {
  const { status, body } = await http.call('GET', '/v1/decisions/d1');
  return { status, body };
};

describe('the record of a decision', () => {
  it('of a call that was denied names the key whose certificate was nearest', async () => {
    expect(await shown()).toMatchObject({
      status: 200,
      body: { id: 'd1', nearestMatch: expect.stringContaining('the service key erp (k)') },
    });
    expect(http.asked.map(({ request }) => request)).toEqual([{ id: 'd1' }, { namesDigest }]);
  });

  it('is given as it is where no key is near', async () => {
    found = { certificates: [] };
    expect((await shown()).body).toEqual(denied);
  });

  it.each<[string, object]>([
    ['of a call that was allowed', { ...denied, outcome: 'allowed' }],
    ['without a certificate', { id: 'd1', outcome: 'denied' }],
    ['that names the nearest already', { ...denied, nearestMatch: 'x' }],
  ])('%s asks for no key', async (_what, given) => {
    record = given;
    expect((await shown()).body).toEqual(given);
    expect(http.asked).toHaveLength(1);
  });

  it('is given without the hint while the keys cannot be asked', async () => {
    found = new SluiceError('unavailable', 'away');
    expect(await shown()).toEqual({ status: 200, body: denied });
  });

  it('hides no fault of ours behind a missing hint', async () => {
    found = new TypeError('ours');
    expect((await shown()).status).toBe(500);
    expect(http.faults.splice(0)).toHaveLength(1);
  });
});
