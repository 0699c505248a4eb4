import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestAuthority, type TestCertificate } from '@sluice/testing';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { maxDrainedBytes } from './lingering-close.js';
import { ServedFlow, type ServedFlowOptions } from '../front-door/testing/served-flow.js';

const KB = 1024;
const MB = 1024 * KB;

let root: TestAuthority;
let server: TestCertificate;
let sender: TestCertificate;
let unknown: TestCertificate;
const endings: (() => unknown)[] = [];

beforeAll(async () => {
  root = await TestAuthority.root({ subject: 'CN=Root' });
  server = await root.leaf({
    subject: 'CN=localhost',
    extendedKeyUsage: ['serverAuth'],
    subjectAltNames: ['localhost'],
  });
  sender = await root.leaf({ subject: 'CN=shop' });
  unknown = await root.leaf({ subject: 'CN=somebody' });
});

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const echo = 'name: f\nsender: {adapter: HTTPS, address: /o}\nsteps:\n  - contentModifier: {headers: {X-Set: a}}\n';
const limited = echo.replace('/o}', '/o, maximumBodySizeMb: 1}');
const withCsrf = echo.replace('/o}', '/o, csrfProtection: true}');
const soap = echo.replace('adapter: HTTPS', 'adapter: SOAP');

async function serve(flow: string, more: Partial<ServedFlowOptions> = {}): Promise<ServedFlow> {
  const served = await ServedFlow.start({ flow, root, server, sender, ...more });
  endings.push(() => served[Symbol.asyncDispose]());
  return served;
}

function connectionOptions(served: ServedFlow, as: TestCertificate | undefined) {
  return {
    port: served.port,
    servername: 'localhost',
    ca: root.pem,
    cert: as?.chainPem,
    key: as?.key.pem,
    // What the server does with its side must not depend on ours.
    allowHalfOpen: true,
  };
}

/** A connection on which bytes are sent as they are. */
class Connection {
  /** What came, one character a byte. */
  received = '';
  readonly closed: Promise<void>;

  private constructor(readonly socket: TLSSocket) {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (this.received += chunk.toString('latin1')));
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  static async to(served: ServedFlow, as: TestCertificate | undefined): Promise<Connection> {
    const connection = new Connection(connect(connectionOptions(served, as)));
    endings.push(() => connection.socket.destroy());
    await once(connection.socket, 'secureConnect');
    return connection;
  }

  /** Ends when the head of an answer, or the end of the connection, has come. */
  async answered(): Promise<void> {
    while (!this.received.includes('\r\n\r\n') && !this.socket.readableEnded)
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'end'), this.closed]);
  }

  get statuses(): string[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status = '']) => status);
  }
}

const smuggled = 'POST /http/o HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}';

/** An answer that is given though the request is not complete. */
interface EarlyAnswer {
  readonly what: string;
  readonly status: number;
  readonly head: string;
  /** Default: the sender that has a permit. */
  readonly as?: 'nobody' | 'somebody';
  readonly flow?: string;
  /** What of the body comes with the head. */
  readonly begun?: string;
  /** What completes the request, when that was 1000 bytes with their length. */
  readonly rest?: string;
}

const start = 'POST /http/o HTTP/1.1\r\nHost: localhost\r\n';
const length = 'Content-Length: 1000\r\n\r\n';
const missing = 'a'.repeat(1000);
const earlyAnswers: readonly EarlyAnswer[] = [
  { what: 'to a caller without a certificate', status: 401, head: start + length, as: 'nobody' },
  { what: 'to a caller whose decision fails', status: 500, head: start + length, as: 'somebody' },
  { what: 'to a path for which there is no decision', status: 500, head: start.replace('/o', '/other') + length },
  { what: 'to a path that is not canonical', status: 400, head: start.replace('/o', '/%6f') + length },
  { what: 'to another host', status: 421, head: start.replace('localhost', 'other') + length },
  { what: 'to too many header lines', status: 431, head: start + 'A: b\r\n'.repeat(100) + length },
  { what: 'to another version of HTTP', status: 505, head: start.replace('1.1', '2.0') + length },
  {
    what: 'to a transfer coding that is not understood',
    status: 501,
    head: `${start}Transfer-Encoding: gzip, chunked\r\n\r\n`,
    begun: '3e8\r\n',
    rest: `${missing}\r\n0\r\n\r\n`,
  },
  { what: 'to another expectation', status: 417, head: `${start}Expect: a-miracle\r\n${length}` },
  {
    what: 'to a body over the limit',
    status: 413,
    head: `${start}Content-Length: ${2 * MB}\r\n\r\n`,
    flow: limited,
    rest: 'a'.repeat(2 * MB),
  },
  {
    what: 'to chunks over the limit',
    status: 413,
    head: `${start}Transfer-Encoding: chunked\r\n\r\n`,
    flow: limited,
    begun: `200000\r\n${'a'.repeat(MB + 1)}`,
    rest: `${'a'.repeat(MB - 1)}\r\n0\r\n\r\n`,
  },
  { what: 'to a request without a CSRF token', status: 403, head: start + length, flow: withCsrf },
  {
    what: 'that is a CSRF token',
    status: 200,
    head: `${start.replace('POST', 'GET')}x-csrf-token: fetch\r\n${length}`,
    flow: withCsrf,
  },
  {
    what: 'to HEAD with a body',
    status: 401,
    head: start.replace('POST', 'HEAD') + length,
    as: 'nobody',
  },
  {
    what: 'to one that asks for it first',
    status: 401,
    head: `${start}Expect: 100-continue\r\n${length}`,
    as: 'nobody',
  },
  {
    what: 'to a chunk that is none',
    status: 400,
    head: `${start}Transfer-Encoding: chunked\r\n\r\n`,
    begun: 'x\r\n',
    rest: '',
  },
  { what: 'to CONNECT', status: 501, head: 'CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n', rest: '' },
];

describe('attacks 28 and 36: an answer given before its request was complete', () => {
  it.each(earlyAnswers)(
    '$what ($status) is the last of its connection, and no byte after it is read as a request',
    async ({ status, head, as, flow = echo, begun = '', rest = missing }) => {
      const served = await serve(flow);
      const certificate = { nobody: undefined, somebody: unknown, shop: sender }[as ?? 'shop'];
      const connection = await Connection.to(served, certificate);
      connection.socket.write(head + begun);
      await connection.answered();
      // From here on another sender's bytes, as far as the runtime can know.
      connection.socket.write(rest + smuggled + smuggled);
      if (!connection.socket.readableEnded) await once(connection.socket, 'end');
      expect(connection.statuses).toEqual([String(status)]);
      expect(connection.received).toMatch(/^connection: close\r$/im);
      expect(served.log).toEqual([]);
      connection.socket.end();
      await connection.closed;
    },
  );

  it('by a flow that answers while its body comes is the last of its connection', async () => {
    const receiver = createServer((request, response) => {
      request.once('data', () => response.writeHead(200, { 'content-length': 5 }).end('early'));
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    endings.push(() => (receiver.closeAllConnections(), receiver.close()));
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    const served = await serve(`${echo}  - requestReply: {adapter: HTTP, address: "${url}"}\n`);
    const connection = await Connection.to(served, sender);
    connection.socket.write(`${start}Content-Length: ${MB}\r\n\r\na`);
    await connection.answered();
    connection.socket.write('a'.repeat(MB - 1) + smuggled);
    await once(connection.socket, 'end');
    expect([connection.statuses, served.statuses]).toEqual([['200'], ['COMPLETED']]);
  });

  it('to a message that is none of its channel comes after the body, and its connection goes on', async () => {
    const served = await serve(soap);
    const connection = await Connection.to(served, sender);
    connection.socket.write(smuggled + smuggled);
    await connection.answered();
    while (connection.statuses.length < 2) await once(connection.socket, 'data');
    expect(connection.statuses).toEqual(['500', '500']);
  });

  it('does not come before those of the requests that were whole, when what follows them cannot be read', async () => {
    const served = await serve(echo);
    const connection = await Connection.to(served, sender);
    connection.socket.write(`${smuggled}${smuggled}POST / HTTP/0.1.2\r\n\r\n`);
    await once(connection.socket, 'end');
    expect([connection.statuses, served.statuses]).toEqual([
      ['200', '200'],
      ['COMPLETED', 'COMPLETED'],
    ]);
  });

  it('that is a 401 ends its connection though the request was complete, so that a pool makes a new handshake', async () => {
    const served = await serve(echo);
    const connection = await Connection.to(served, undefined);
    connection.socket.write(smuggled + smuggled);
    await once(connection.socket, 'end');
    expect(connection.statuses[0]).toBe('401');
    expect(connection.received).toMatch(/^connection: close\r$/im);
  });

  it('leaves the connection open when its request was complete', async () => {
    const served = await serve(echo);
    const connection = await Connection.to(served, sender);
    connection.socket.write(smuggled + smuggled.replace('/o', '/%6f').replace('{}', ''));
    connection.socket.write('{}');
    await once(connection.socket, 'end');
    expect(connection.statuses).toEqual(['200', '400']);
  });
});

describe('100 Continue', () => {
  it.each([
    ['that is wanted', sender, limited, 2, ['100', '200']],
    ['that is over the limit', sender, limited, 2 * MB, ['413']],
  ])('comes for a body %s', async (_which, _as, flow, bytes, statuses) => {
    const served = await serve(flow);
    const connection = await Connection.to(served, sender);
    connection.socket.write(`${start}Expect: 100-continue\r\nContent-Length: ${bytes}\r\nConnection: close\r\n\r\n`);
    await connection.answered();
    if (statuses[0] === '100') connection.socket.write('{}');
    await once(connection.socket, 'end');
    expect(connection.statuses).toEqual(statuses);
  });
});

describe('the answer to a sender that goes on sending', () => {
  it('reaches one that reads nothing before all was sent', async () => {
    const served = await serve(echo);
    const connection = await Connection.to(served, undefined);
    connection.socket.pause();
    connection.socket.write(`${start}Content-Length: ${43 * MB}\r\n\r\n`);
    await new Promise((resolve) => connection.socket.write(Buffer.alloc(43 * MB), resolve));
    connection.socket.resume();
    await once(connection.socket, 'end');
    expect(connection.statuses).toEqual(['401']);
    const [head = '', body = ''] = connection.received.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^content-length: ${body.length}\\r?$`, 'im'));
    expect(JSON.parse(body)).toMatchObject({ status: 401, decisionId: expect.stringMatching(/./) });
  });

  it.each([
    ['with its length: next to nothing of it is read', `Content-Length: ${10 ** 12}\r\n\r\n`, MB],
    [
      'in one chunk: a bounded part of it is read',
      'Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n',
      maxDrainedBytes + MB,
    ],
  ])('attack 47: a body of 1 TB, %s', async (_how, framing, bound) => {
    const served = await serve(echo);
    const accepted = once(served.server, 'secureConnection') as Promise<[TLSSocket]>;
    const connection = await Connection.to(served, undefined);
    const [peer] = await accepted;
    connection.socket.write(start + framing);
    await connection.answered();
    const { socket } = connection;
    const flood = () => {
      while (!socket.destroyed && socket.write(Buffer.alloc(64 * KB)));
    };
    socket.on('drain', flood);
    flood();
    await once(peer, 'close');
    expect(connection.statuses).toEqual(['401']);
    expect(peer.bytesRead).toBeLessThan(bound);
  });

  it('does not keep a connection whose body never comes', async () => {
    const served = await serve(echo);
    const accepted = once(served.server, 'secureConnection') as Promise<[TLSSocket]>;
    const connection = await Connection.to(served, undefined);
    const [peer] = await accepted;
    connection.socket.write(start + length);
    await once(peer, 'close');
    expect(connection.statuses).toEqual(['401']);
  });
});

describe('the syntax of a request', () => {
  const one = async (bytes: string) => {
    const served = await serve(echo);
    const connection = await Connection.to(served, sender);
    connection.socket.write(bytes);
    if (!connection.socket.readableEnded) await once(connection.socket, 'end');
    return { status: connection.statuses.join(), ran: served.log.length };
  };
  const rest = 'Connection: close\r\nContent-Length: 2\r\n\r\n{}';

  it.each([
    ['HTTP/0.9 without a version', 'POST /http/o\r\n\r\n', '505'],
    ['HTTP/0.9 by its name', `POST /http/o HTTP/0.9\r\nHost: localhost\r\n${rest}`, '505'],
    ['HTTP/2.0', `POST /http/o HTTP/2.0\r\nHost: localhost\r\n${rest}`, '505'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '400'],
    ['HTTP/1.2', `POST /http/o HTTP/1.2\r\nHost: localhost\r\n${rest}`, '400'],
    ['chunks in HTTP/1.0', 'POST /http/o HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n', '400'],
    ['a coding beside chunked', `${start}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`, '501'],
    ['chunked twice', `${start}Transfer-Encoding: chunked, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`, '400'],
    ['a host that is none', `POST /http/o HTTP/1.1\r\nHost: local host\r\n${rest}`, '421'],
    ['the asterisk form', `OPTIONS * HTTP/1.1\r\nHost: localhost\r\n${rest}`, '400'],
    ['the absolute form of another host', `POST https://other/http/o HTTP/1.1\r\nHost: localhost\r\n${rest}`, '421'],
    ['the absolute form without a host', `POST https:///http/o HTTP/1.1\r\nHost: localhost\r\n${rest}`, '400'],
    [
      'the absolute form with a user',
      `POST https://localhost@other/http/o HTTP/1.1\r\nHost: localhost\r\n${rest}`,
      '421',
    ],
    ['another scheme', `POST ftp://localhost/http/o HTTP/1.1\r\nHost: localhost\r\n${rest}`, '400'],
  ])('%s runs no flow', async (_what, bytes, status) => {
    expect(await one(bytes)).toEqual({ status, ran: 0 });
  });

  it.each([
    ['the origin form', `${start}${rest}`],
    ['the absolute form (RFC 9112 §3.2.2)', `POST https://localhost/http/o?a=b HTTP/1.1\r\nHost: other\r\n${rest}`],
    ['the absolute form with a port', `POST HTTPS://LOCALHOST:8443/http/o HTTP/1.1\r\nHost: localhost\r\n${rest}`],
    ['TE', `${start}TE: trailers, deflate;q=0.5\r\nConnection: TE\r\n${rest}`],
    ['HTTP/1.0', `POST /http/o HTTP/1.0\r\n${rest}`],
    ['trailers', `${start}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-T: a\r\n\r\n`],
  ])('%s runs it', async (_what, bytes) => {
    expect(await one(bytes)).toEqual({ status: '200', ran: 1 });
  });
});
