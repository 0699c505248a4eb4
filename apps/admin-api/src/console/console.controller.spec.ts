import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HttpAppUnderTest } from '../testing/http-app-under-test.js';

/** Every address that the console has a page for, as its router names them. */
const router = readFileSync(join(import.meta.dirname, '../../../console/src/router.tsx'), 'utf8');
const addresses = Array.from(router.matchAll(/ page\('([^']+)'/g), ([, path = '']) => path.replace(/\$\w+/g, 'x'));

describe('an address of the console', () => {
  const http = new HttpAppUnderTest();
  beforeAll(() => http.start());
  afterAll(() => http.stop());

  it('is one of many that the router has', () => expect(addresses.length).toBeGreaterThan(15));

  it.each(addresses)(
    'is the document that opens the page, also where somebody goes to it directly: %s',
    async (path) => {
      const { statusCode, headers } = await http.app.inject({ method: 'GET', url: path });
      expect([statusCode, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    },
  );

  it('is none that no page has', async () => expect((await http.call('GET', '/no-such-page')).status).toBe(404));
});
