import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { exchangeBytes, Sender, TestAuthority, type TestCertificate } from '@sluice/testing';
import { type ListenerLimits, SentChains } from '@sluice/service-shell';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { PublicListener } from './public-listener.js';

const generous: ListenerLimits = {
  handshakeTimeout: 10_000,
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 10_000,
  maxConnections: 1_000,
  maxConnectionsPerAddress: 1_000,
};

describe('what a stranger can do to the public listener', () => {
  let root: TestAuthority;
  let identity: TestCertificate;
  let listener: PublicListener;
  let url: string;
  let requests: string[];
  const sockets: Socket[] = [];

  beforeAll(async () => {
    root = await TestAuthority.root({ subject: 'CN=Server Root' });
    identity = await root.leaf({
      subject: 'CN=localhost',
      extendedKeyUsage: ['serverAuth'],
      subjectAltNames: ['localhost'],
    });
  });

  async function open(limits: Partial<ListenerLimits> = {}): Promise<void> {
    requests = [];
    const echo = {
      handle(request: IncomingMessage, response: ServerResponse): void {
        requests.push(`${request.method} ${request.url}`);
        let length = 0;
        request.on('data', (chunk: Buffer) => (length += chunk.length));
        request.on('end', () => response.end(`${length}`));
      },
    };
    listener = new PublicListener(
      [{ certificateChain: identity.chainPem, privateKey: identity.key.pem }],
      echo,
      { ...generous, ...limits },
      new SentChains(() => 0),
    );
    await new Promise<void>((resolve) => listener.server.listen(0, '127.0.0.1', resolve));
    url = `https://localhost:${(listener.server.address() as AddressInfo).port}`;
  }

  afterEach(async () => {
    sockets.splice(0).forEach((socket) => socket.destroy());
    listener.server.closeAllConnections();
    await new Promise((resolve) => listener.server.close(resolve));
  });

  const exchange = (bytes: string, timeoutMs = 5_000) => exchangeBytes(bytes, { url, trusts: root.pem, timeoutMs });
  const status = ({ text }: { text: string }) => text.slice(9, 12);

  function tcp(): Socket {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    return socket;
  }

  async function tls(): Promise<TLSSocket> {
    const socket = connectTls({ port: Number(new URL(url).port), servername: 'localhost', ca: root.pem });
    sockets.push(socket);
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    return socket;
  }

  /** @returns what was received until the server closed the connection, and after how many milliseconds */
  async function untilClosed(socket: Socket): Promise<{ text: string; after: number }> {
    const start = performance.now();
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    await new Promise((resolve) => socket.once('close', resolve));
    return { text, after: performance.now() - start };
  }

  describe('attack 28: a request that can be read in two ways', () => {
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n';
    it.each([
      ['with Content-Length and Transfer-Encoding', 'Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
      ['with Transfer-Encoding and Content-Length', 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n'],
      ['with two lengths', 'Content-Length: 0\r\nContent-Length: 44\r\n\r\n'],
      ['with the same length twice', 'Content-Length: 0\r\nContent-Length: 0\r\n\r\n'],
      ['with a list of lengths', 'Content-Length: 0, 0\r\n\r\n'],
      ['with a signed length', 'Content-Length: +0\r\n\r\n'],
      ['with a hexadecimal length', 'Content-Length: 0x0\r\n\r\n'],
      ['with a negative length', 'Content-Length: -1\r\n\r\n'],
      ['with another last transfer encoding', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
      ['with an unknown transfer encoding', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
      ['with a space before the colon', 'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n'],
      ['with a bare LF after a header line', 'X-A: b\nContent-Length: 0\r\n\r\n'],
      ['with a bare LF at the end of the head', 'Content-Length: 0\r\n\n'],
      ['with a bare CR in a header line', 'X-A: b\rContent-Length: 44\r\n\r\n'],
      ['with a CR before the line break', 'X-A: b\r\r\nContent-Length: 0\r\n\r\n'],
      ['with a folded header line', 'X-A: b\r\n Content-Length: 44\r\n\r\n'],
      ['with a NUL in a header line', 'X-A: b\0\r\nContent-Length: 0\r\n\r\n'],
      ['with a wrong chunk size', 'Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n'],
      ['with a chunk without its line break', 'Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n'],
      ['with a chunk size ended by a bare LF', 'Transfer-Encoding: chunked\r\n\r\n0\n\r\n'],
      ['with two hosts', 'Host: localhost\r\nContent-Length: 0\r\n\r\n'],
    ])('%s gets 400, the connection closes, and what follows is not read', async (_how, rest) => {
      await open();
      const { text, closed } = await exchangeBytes(
        `POST /first HTTP/1.1\r\nHost: localhost\r\n${rest}${smuggled}${smuggled}`,
        { url, trusts: root.pem, until: () => false, timeoutMs: 5_000 },
      );
      expect([text.slice(0, 12), closed]).toEqual(['HTTP/1.1 400', true]);
      expect(requests).not.toContain('GET /smuggled');
      expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    });

    it('without a host gets 400', async () => {
      await open();
      expect(status(await exchange('GET / HTTP/1.1\r\n\r\n'))).toBe('400');
    });
  });

  describe('attack 33: to keep the server busy', () => {
    it('a connection that never begins its handshake is closed after the time for it', async () => {
      await open({ handshakeTimeout: 300 });
      const { after } = await untilClosed(tcp());
      expect(after).toBeLessThan(5_000);
    });

    it('a handshake that comes byte by byte is closed after the same time', async () => {
      await open({ handshakeTimeout: 300 });
      const socket = tcp();
      socket.write(Buffer.from([22]));
      const drip = setInterval(() => socket.write(Buffer.from([3])), 50);
      const { after } = await untilClosed(socket);
      clearInterval(drip);
      expect(after).toBeLessThan(5_000);
    });

    it('a connection without a request is closed after the time for a head', async () => {
      await open({ headersTimeout: 300 });
      expect((await untilClosed(await tls())).after).toBeLessThan(5_000);
    });

    it('a head that comes byte by byte gets 408 after the time for it', async () => {
      await open({ headersTimeout: 300 });
      const socket = await tls();
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ');
      const drip = setInterval(() => socket.write('a'), 50);
      const { text, after } = await untilClosed(socket);
      clearInterval(drip);
      expect([text.slice(9, 12), requests]).toEqual(['408', []]);
      expect(after).toBeLessThan(5_000);
    });

    it('a body that comes byte by byte is ended after the time for the request', async () => {
      await open({ headersTimeout: 200, requestTimeout: 300 });
      const socket = await tls();
      socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n');
      const drip = setInterval(() => socket.write('a'), 50);
      const { text, after } = await untilClosed(socket);
      clearInterval(drip);
      expect(text.slice(9, 12)).toBe('408');
      expect(after).toBeLessThan(5_000);
    });

    it('a connection that is used no more is closed after the time between two requests', async () => {
      await open({ keepAliveTimeout: 300 });
      const socket = await tls();
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      const { text, after } = await untilClosed(socket);
      expect(status({ text })).toBe('200');
      expect(after).toBeLessThan(5_000);
    });

    it('a head of more than 32 KB, or of more than 100 lines, gets 431', async () => {
      await open();
      const head = (lines: string) => `GET / HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`;
      expect(status(await exchange(head(`X-A: ${'a'.repeat(33 * 1024)}\r\n`)))).toBe('431');
      expect(status(await exchange(head('a: b\r\n'.repeat(100))))).toBe('431');
      expect(requests).toEqual([]);
      expect(status(await exchange(head('a: b\r\n'.repeat(99))))).toBe('200');
      expect(status(await exchange(`GET /${'a'.repeat(33 * 1024)} HTTP/1.1\r\nHost: localhost\r\n\r\n`))).toBe('431');
    });

    it('more idle connections than there may be from one address do not keep others out', async () => {
      await open({ maxConnectionsPerAddress: 50 });
      using sender = new Sender({ url, trusts: root.pem });
      expect((await sender.send('/', { body: 'x' })).status).toBe(200);
      const idle = Array.from({ length: 200 }, () => tcp());
      await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
      // The connection that was in use is still there, and a new one finds room.
      expect((await sender.send('/', { body: 'x' })).sameConnection).toBe(true);
      using other = new Sender({ url, trusts: root.pem });
      expect((await other.send('/', { body: 'x' })).status).toBe(200);
      const open_ = await new Promise<number>((resolve, reject) =>
        listener.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      );
      expect(open_).toBeLessThanOrEqual(50);
    });

    it('nothing but connections in use leaves no room for one more', async () => {
      await open({ maxConnections: 3 });
      const senders = Array.from({ length: 3 }, () => new Sender({ url, trusts: root.pem }));
      for (const sender of senders) expect((await sender.send('/')).status).toBe(200);
      using fourth = new Sender({ url, trusts: root.pem });
      await expect(fourth.send('/')).rejects.toThrow();
      for (const sender of senders) {
        expect((await sender.send('/')).sameConnection).toBe(true);
        sender.close();
      }
    });
  });
});
