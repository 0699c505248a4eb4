import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HttpAppUnderTest } from '../testing/http-app-under-test.js';

const http = new HttpAppUnderTest();
beforeAll(() => http.start());
afterAll(() => http.stop());

const id = '0198c0de-0000-7000-8000-000000000001';
const thisUpdate = '2026-03-01T00:00:00.000Z';
const partOf = (number: number, part: number, parts: number) => ({
  der: Buffer.from([number, part]).toString('base64'),
  number,
  thisUpdate,
  part,
  parts,
});

/** Without a token, as whoever relies on a certificate asks. */
const get = (url: string) => http.app.inject({ method: 'GET', url });

describe('a CRL of ours', () => {
  it('is given to everybody, with its number and its time, and to be asked for again', async () => {
    http.asked.length = 0;
    http.answer = partOf(7, 0, 1);
    const reply = await get(`/crl/${id}.crl`);
    expect(reply.statusCode).toBe(200);
    expect(reply.rawPayload).toEqual(Buffer.from([7, 0]));
    expect(reply.headers).toMatchObject({
      'content-type': 'application/pkix-crl',
      etag: '"7"',
      'last-modified': 'Sun, 01 Mar 2026 00:00:00 GMT',
      'cache-control': 'public, no-cache',
    });
    expect(http.asked).toMatchObject([{ request: { id } }]);
  });

  it('is put together from its parts', async () => {
    http.answer = ({ part = 0 }: { part?: number }) => partOf(7, part, 3);
    expect((await get(`/crl/${id}.crl`)).rawPayload).toEqual(Buffer.from([7, 0, 7, 1, 7, 2]));
  });

  it('is begun again when it was made anew between two parts, so that never two lists are mixed', async () => {
    let newest = 7;
    http.answer = ({ part = 0 }: { part?: number }) => {
      if (part === 1 && newest === 7) newest = 8;
      return partOf(newest, part, 2);
    };
    const reply = await get(`/crl/${id}.crl`);
    expect(reply.rawPayload).toEqual(Buffer.from([8, 0, 8, 1]));
    expect(reply.headers['etag']).toBe('"8"');
  });

  it('is refused rather than mixed when it changes each time', async () => {
    let newest = 0;
    http.asked.length = 0;
    http.answer = ({ part = 0 }: { part?: number }) => partOf(newest++, part, 2);
    const reply = await get(`/crl/${id}.crl`);
    expect(reply.statusCode).toBe(503);
    expect(reply.json()).toMatchObject({ code: 'unavailable' });
    expect(http.asked).toHaveLength(10);
  });

  it.each(['x.crl', `${id}.cer`, `${id}`, `x${id}.crl`])('is at no other name: %s', async (file) => {
    http.asked.length = 0;
    expect((await get(`/crl/${file}`)).statusCode).toBe(404);
    expect(http.asked).toEqual([]);
  });
});
