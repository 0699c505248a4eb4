import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { TestAuthority } from '../certificate/test-authority.js';
import { exchangeBytes } from './exchange-bytes.js';
import { Sender } from './sender.js';

describe('a sender', () => {
  let root: TestAuthority;
  let server: Server;
  let url: string;

  beforeAll(async () => {
    root = await TestAuthority.root({ subject: 'CN=Root' });
    const identity = await root.leaf({
      subject: 'CN=localhost',
      extendedKeyUsage: ['serverAuth'],
      subjectAltNames: ['localhost'],
    });
    server = createServer(
      { cert: identity.pem, key: identity.key.pem, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const subject = (request.socket as TLSSocket).getPeerX509Certificate()?.subject ?? '';
        request.resume().on('end', () => {
          response.setHeader('x-subject', subject);
          if (request.url === '/last') response.setHeader('connection', 'close');
          response.end(request.url);
        });
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `https://localhost:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('sends its next request over the connection that is open, and says when it is another one', async () => {
    const leaf = await root.leaf({ subject: 'CN=shop' });
    using sender = new Sender({ url, trusts: root.pem, certificate: leaf.chainPem, key: leaf.key.pem });
    const first = await sender.send('/a', { body: 'x' });
    expect([first.status, first.text, first.headers['x-subject'], first.sameConnection]).toEqual([
      200,
      '/a',
      'CN=shop',
      false,
    ]);
    const second = await sender.send('/last');
    expect([second.sameConnection, second.connection]).toEqual([true, first.connection]);
    const third = await sender.send('/b');
    expect([third.sameConnection, third.connection]).toEqual([false, first.connection + 1]);
    // Another connection is a whole handshake: a resumed one would lack the certificate.
    expect(third.headers['x-subject']).toBe('CN=shop');
  });

  it('trusts nothing but what it is given', async () => {
    const other = await TestAuthority.root({ subject: 'CN=Other' });
    using sender = new Sender({ url, trusts: other.pem });
    await expect(sender.send('/a')).rejects.toThrow(/certificate/);
  });

  it('exchanges bytes as they are', async () => {
    const { text, closed } = await exchangeBytes(
      'GET /%5c\\raw HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      { url, trusts: root.pem, until: () => false },
    );
    expect(closed).toBe(true);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toContain('/%5c\\raw');
  });
});
