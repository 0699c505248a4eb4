import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TestAuthority, until, type TestCertificate } from '@sluice/testing';
import { createServer, request as send, Agent, type Server } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { closeGracefully, listen } from './open-and-close.js';

const large = 20_000_000;

describe('a server that is ended', () => {
  let authority: TestAuthority;
  let certificate: TestCertificate;
  let server: Server;
  let agent: Agent;
  let closed: boolean;

  beforeAll(async () => {
    authority = await TestAuthority.root({ subject: 'CN=root' });
    certificate = await authority.leaf({
      subject: 'CN=localhost',
      subjectAltNames: ['localhost'],
      extendedKeyUsage: ['serverAuth'],
    });
  });
  beforeEach(async () => {
    closed = false;
    server = createServer({ cert: certificate.chainPem, key: certificate.key.pem }, (incoming, response) => {
      response.end(Buffer.alloc(incoming.url === '/large' ? large : 1));
    });
    await listen(server, 0, '127.0.0.1');
    agent = new Agent({ keepAlive: true, ca: authority.certificate.pem });
  });
  afterEach(async () => {
    agent.destroy();
    server.closeAllConnections();
    await until(() => closed || !server.listening, { what: 'the end of the server' });
  });

  const ask = (path: string) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      send({ host: 'localhost', port, path, agent }, resolve).once('error', reject).end();
    });
  const end = () => closeGracefully(server, 0).then(() => (closed = true));

  it('sends the whole of an answer that its reader takes slowly', async () => {
    const answer = await ask('/large');
    answer.pause();
    // It looks for idle connections at once.
    const ended = end();
    let bytes = 0;
    answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
    answer.resume();
    await new Promise((resolve, reject) => answer.once('end', resolve).once('error', reject));
    expect(bytes).toBe(large);
    await ended;
  });

  it('ends connections that are not used, and takes no new ones', async () => {
    (await ask('/')).resume();
    await until(() => Object.keys(agent.freeSockets).length > 0, { what: 'the connection to be free' });
    await end();
    await expect(ask('/')).rejects.toThrow();
  });
});
