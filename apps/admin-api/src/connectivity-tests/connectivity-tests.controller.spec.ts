import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readDestinationPolicy } from '@sluice/domain';
import { makeCertificate, testTime } from '@sluice/pki/testing';
import { Destinations } from '@sluice/service-shell';
import { unzipSync } from 'fflate';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { HttpAppUnderTest } from '../testing/http-app-under-test.js';
import { ConnectivityTestsController } from './connectivity-tests.controller.js';

const pem = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;
const year = 365 * 86_400_000;
const validity = { notBefore: testTime - 20 * year, notAfter: testTime + 20 * year };
const root = makeCertificate({ subject: 'CN=Shown Root', ca: true, ...validity });
const shown = makeCertificate({
  subject: 'CN=127.0.0.1',
  issuer: root,
  subjectAltNames: ['ip:127.0.0.1'],
  ...validity,
});

const http = new HttpAppUnderTest();
let server: Server;
let port: number;
beforeAll(async () => {
  await http.start();
  server = createServer({
    key: shown.key.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: pem(shown.der) + pem(root.der),
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterAll(async () => {
  server.close();
  await http.stop();
});

const run = (asked: { port: number; validateServerCertificate: boolean }, host = '127.0.0.1') =>
  http.call('POST', '/v1/connectivity-tests', JSON.stringify({ host, ...asked }));
const download = (url: string) => http.app.inject({ method: 'GET', url, headers: { authorization: 'Bearer token' } });

describe('a connectivity test of the API', () => {
  it('without a destination that is allowed is a result that says so, and is kept with no certificates', async () => {
    const { status, body } = await run({ port: 1, validateServerCertificate: false }, 'nowhere.invalid');
    expect({ status, body }).toMatchObject({
      status: 201,
      body: { status: 'failed', host: 'nowhere.invalid', port: 1, certificates: [] },
    });
    expect(http.faults.splice(0)).toHaveLength(1);
    const { certificatesZip, ...result } = body;
    expect((await http.call('GET', `/v1/connectivity-tests/${String(body['id'])}`)).body).toMatchObject({
      id: result['id'],
      status: 'failed',
    });
    expect(unzipSync((await download(String(certificatesZip))).rawPayload)).toEqual({});
  });

  it('that nobody ran, or that is no longer kept, is not found, nor are its certificates', async () => {
    const url = '/v1/connectivity-tests/0198c0de-0000-7000-8000-000000000001';
    expect(await http.call('GET', url)).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect((await download(`${url}/certificates.zip`)).statusCode).toBe(404);
  });

  describe('with a destination that is allowed', () => {
    const read = readDestinationPolicy('localhost', '');
    if (!('policy' in read)) throw new Error('The list cannot be read.');
    const controller = new ConnectivityTestsController(new Destinations(read.policy, () => undefined), (error) => {
      throw error;
    });
    const tested = (validateServerCertificate: boolean) =>
      controller.run({ host: 'localhost', port, validateServerCertificate });

    it('gives the chain that the server showed as files, byte for byte', async () => {
      const { id, status } = await tested(false);
      expect(status).toBe('succeeded');
      const parts: Buffer[] = [];
      for await (const part of controller.download({ id }).getStream()) parts.push(part as Buffer);
      const files = Object.values(unzipSync(Buffer.concat(parts)));
      expect(files.map((file) => Buffer.from(file))).toEqual([Buffer.from(shown.der), Buffer.from(root.der)]);
    });

    it('does not trust a root that is not imported here where it validates', async () => {
      expect(await tested(true)).toMatchObject({
        status: 'failed',
        error: expect.stringContaining('import the root of the chain'),
      });
    });
  });
});
