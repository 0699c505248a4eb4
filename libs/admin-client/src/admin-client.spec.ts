import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  checkArtifact,
  configureRevocation,
  createServiceKey,
  createUserRole,
  deleteServiceInstance,
  downloadMessageAttachment,
  listMessageProcessingLogs,
  listServiceKeys,
  removeCertificateList,
  retireIssuingCa,
  revokeServiceKey,
  undeployFlow,
  updateUserRole,
} from '@sluice/contracts';
import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { TestAuthority } from '@sluice/testing';
import { AdminApiError } from './admin-api-error.js';
import { AdminClient } from './admin-client.js';

interface Asked {
  readonly line: string;
  readonly authorization: string | undefined;
  readonly type: string | undefined;
  readonly body: string;
}
interface Reply {
  readonly status?: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const servers: Server[] = [];
const asked: Asked[] = [];
let reply: (request: IncomingMessage) => Reply;
let url: string;
let client: AdminClient;

async function listen(handle: RequestListener): Promise<string> {
  const server = createServer(handle);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeEach(async () => {
  asked.length = 0;
  reply = () => ({ body: {} });
  url = await listen((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const { authorization, 'content-type': type } = request.headers;
      asked.push({ line: `${request.method} ${request.url}`, authorization, type, body });
      const { status = 200, type: as = 'application/json', headers = {}, body: answer } = reply(request);
      const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
      response.writeHead(status, { ...headers, ...(text === undefined ? {} : { 'content-type': as }) }).end(text);
    });
  });
  client = new AdminClient({ url, token: 'slu_token' });
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }
});

const failed = async (work: Promise<unknown>): Promise<Error> => {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('It succeeded.');
};

describe('a call', () => {
  it('divides what it is given among path, query and body, with the token', async () => {
    reply = () => ({ status: 201, body: { id: 'k', propagation: 'published' } });
    const parameters = { 'key-type': 'certificate' as const, validity: 90 };
    const made = await client.call(createServiceKey, { serviceInstanceId: 'i', name: 'sender', parameters });
    expect(made).toMatchObject({ id: 'k' });
    await client.call(deleteServiceInstance, { id: 'i', force: true });
    await client.call(listMessageProcessingLogs, {
      flow: 'a&b=c',
      since: '2026-01-01T00:00:00+01:00',
      sender: undefined,
    });
    expect(asked).toEqual([
      {
        line: 'POST /v1/service-instances/i/service-keys',
        authorization: 'Bearer slu_token',
        type: 'application/json',
        body: JSON.stringify({ name: 'sender', parameters }),
      },
      expect.objectContaining({ line: 'DELETE /v1/service-instances/i?force=true', type: undefined, body: '' }),
      expect.objectContaining({
        line: 'GET /v1/message-processing-logs?flow=a%26b%3Dc&since=2026-01-01T00%3A00%3A00%2B01%3A00',
      }),
    ]);
  });

  it.each(['a/b', 'a?b#c', '%2F', 'ä ö', '..x', 'a.', '../..'])(
    'keeps %p within its place in the path',
    async (name) => {
      await client.call(updateUserRole, { name, description: 'x' });
      const [, , , sent = ''] = (asked[0]?.line ?? '').split('/');
      expect([decodeURIComponent(sent), asked[0]?.line.split('/').length]).toEqual([name, 4]);
    },
  );

  it.each(['', '.', '..', undefined])('is not made when %p would make it another call', async (id) => {
    expect((await failed(client.call(undeployFlow, { id: id as string }))).message).toMatch(/^The id .* cannot stand/);
    expect((await failed(client.call(removeCertificateList, { sha256: 'a', list: '..' }))).message).toMatch(/The list/);
    expect(asked).toEqual([]);
  });

  it('sends no body where all of it may be left out, and what is given where it is given', async () => {
    await client.call(revokeServiceKey, { id: 'k' });
    await client.call(revokeServiceKey, { id: 'k', reason: 'keyCompromise' });
    await client.call(retireIssuingCa, { id: 'c' });
    expect(asked.map(({ body, type }) => [body, type])).toEqual([
      ['', undefined],
      ['{"reason":"keyCompromise"}', 'application/json'],
      ['', undefined],
    ]);
  });

  it('sends a member that is the whole body as the body', async () => {
    await client.call(configureRevocation, { sha256: 'ab', policy: { failure: 'soft' } });
    expect(asked).toMatchObject([{ line: 'PUT /v1/trusted-roots/ab/revocation', body: '{"failure":"soft"}' }]);
  });

  it('sends the headers it is given, and tells the entity tag of the answer', async () => {
    let sent: IncomingMessage['headers'] = {};
    reply = ({ headers }) => {
      sent = headers;
      return { headers: { etag: '"18"' }, body: { name: 'A' } };
    };
    const told = await client.callTagged(updateUserRole, { name: 'A', description: 'x' }, { ifMatch: '"17"' });
    expect([told.etag, told.answer.name, sent['if-match']]).toEqual(['"18"', 'A', '"17"']);
    await client.call(undeployFlow, { id: 'f' }, { ifMatch: undefined, ifNoneMatch: '*' });
    expect([sent['if-match'], sent['if-none-match']]).toEqual([undefined, '*']);
  });

  it('sends what the operation does not know too, so that it is refused by name', async () => {
    await client.call(retireIssuingCa, { id: 'c', froce: true } as { id: string });
    expect(asked[0]?.body).toBe('{"froce":true}');
  });

  it('sends another media type as it is, and takes what is no JSON as octets', async () => {
    const raw = { content: 'name: orders\n', mediaType: 'application/yaml' };
    await client.send(checkArtifact, { id: 'orders' }, raw);
    expect(asked).toMatchObject([{ line: 'POST /v1/flows/check?id=orders', type: raw.mediaType, body: raw.content }]);
    reply = () => ({ type: 'application/octet-stream', body: 'octets' });
    expect(Buffer.from(await client.download(downloadMessageAttachment, { id: 'm', index: '0' })).toString()).toBe(
      'octets',
    );
  });

  it('is made below the path of the address, and has no answer where the API gives none', async () => {
    reply = () => ({ status: 204 });
    const below = new AdminClient({ url: `${url}/sluice/`, token: 'slu_token' });
    expect(await below.call(undeployFlow, { id: 'orders' })).toBeUndefined();
    expect(asked[0]?.line).toBe('DELETE /sluice/v1/flows/orders');
    reply = () => ({ status: 202, body: { propagation: 'pending' } });
    expect(await below.call(undeployFlow, { id: 'orders' })).toEqual({ propagation: 'pending' });
  });
});

describe('a call that fails', () => {
  const role = () => client.call(createUserRole, { name: 'Orders.send' });

  it('has the problem document, its sentence and when to come again', async () => {
    const problem = {
      type: 'urn:x',
      title: 'T',
      status: 409,
      code: 'name-in-use',
      detail: 'The name is in use.',
      users: [],
    };
    reply = () => ({ status: 409, type: 'application/problem+json', body: problem });
    const error = await failed(role());
    expect(error).toBeInstanceOf(AdminApiError);
    expect(error).toMatchObject({ status: 409, problem, message: 'The name is in use.' });
    reply = () => ({ status: 503, headers: { 'retry-after': '2' }, body: { title: 'Unavailable' } });
    expect(await failed(role())).toMatchObject({ status: 503, retryAfterSeconds: 2, message: 'Unavailable' });
  });

  it('says every rule that was broken', async () => {
    const violations = [
      { field: 'name', message: 'is too long' },
      { field: 'parameters.roles[0]', message: 'is unknown' },
    ];
    reply = () => ({ status: 400, body: { detail: 'name: is too long (and 1 more)', violations } });
    expect((await failed(role())).message).toBe('name: is too long; parameters.roles[0]: is unknown');
  });

  it.each([
    ['text/html', '<h1>Bad Gateway</h1>'],
    ['application/json', '{"detail": "cut o'],
    ['application/json', 'null'],
  ])('has the status when what is between answers %s %p', async (type, body) => {
    reply = () => ({ status: 502, type, body });
    expect(await failed(role())).toMatchObject({ status: 502, problem: {}, message: 'The admin API answered 502.' });
  });

  it.each([
    ['text/html', '<form>Log in</form>'],
    ['application/json', '{"id": "cut o'],
    ['application/json', 'null'],
    ['application/json', ''],
  ])('is not taken for done when something else answers 200 with %s %p', async (type, body) => {
    reply = () => ({ type, body });
    expect((await failed(role())).message).toBe(
      `What answers at ${url} is not the admin API: it answered 200 with ${type}.`,
    );
  });

  it.each([301, 302, 303, 307, 308])(
    'is not sent to where a redirect %p leads, and neither is the token',
    async (status) => {
      const other: string[] = [];
      const elsewhere = await listen((request, response) => {
        other.push(String(request.headers.authorization));
        response.end();
      });
      reply = () => ({ status, headers: { location: `${elsewhere}/v1/user-roles` } });
      expect(await failed(role())).toMatchObject({
        status,
        message: expect.stringMatching(/redirects are not followed/),
      });
      expect(other).toEqual([]);
    },
  );

  it.each([
    ['no answer', false],
    ['half of one', true],
  ])('says so when there is %s in time', async (_what, half) => {
    const silent = await listen((_request, response) => {
      if (half) response.writeHead(200, { 'content-type': 'application/json', 'content-length': '99' }).write('{"id"');
    });
    const waiting = new AdminClient({ url: silent, token: 'slu_token', timeoutMs: 100 });
    expect((await failed(waiting.call(undeployFlow, { id: 'orders' }))).message).toBe(
      `${silent} gave no answer to DELETE /v1/flows/orders within 100 ms.`,
    );
  });

  it('says so when nobody is there', async () => {
    const server = servers.pop() as Server;
    server.close();
    await once(server, 'close');
    const error = await failed(role());
    expect(error).not.toBeInstanceOf(AdminApiError);
    expect(error.message).toBe(`Nobody answers at ${url}: is the stack running?`);
    expect(error.message + String(error.cause)).not.toContain('slu_token');
  });
});

describe('a list', () => {
  const keys = async () => {
    const names: string[] = [];
    for await (const { name } of client.list(listServiceKeys, { serviceInstanceId: 'i' })) names.push(name);
    return names;
  };
  const target = (after = '') => `GET /v1/service-instances/i/service-keys?limit=1000${after}`;

  it('is read to its end, each page after the one before', async () => {
    const pages: Record<string, unknown> = {
      [target()]: { items: [{ name: 'a' }, { name: 'b' }], next: 'x+/=' },
      [target('&after=x%2B%2F%3D')]: { items: [], next: 'y' },
      [target('&after=y')]: { items: [{ name: 'c' }] },
    };
    reply = ({ method, url: asks }) => ({ body: pages[`${method} ${asks}`] });
    expect(await keys()).toEqual(['a', 'b', 'c']);
  });

  it('is asked for no further than it is read', async () => {
    reply = () => ({ body: { items: [{ name: 'a' }], next: 'x' } });
    for await (const { name } of client.list(listServiceKeys, { serviceInstanceId: 'i' })) {
      expect(name).toBe('a');
      break;
    }
    expect(asked).toHaveLength(1);
  });

  it('fails when a page is none, and when its pages go round in a circle', async () => {
    reply = () => ({ body: { problem: true } });
    expect((await failed(keys())).message).toBe('The admin API answered something else than a list.');
    reply = ({ url: asks = '' }) => ({ body: { items: [], next: asks.includes('after=x') ? 'y' : 'x' } });
    expect((await failed(keys())).message).toBe('The admin API gave a list that has no end.');
    reply = () => ({ body: { items: [], next: 7 } });
    expect((await failed(keys())).message).toBe('The admin API gave a list that has no end.');
  });
});

describe('a call over TLS', () => {
  let root: TestAuthority;
  let server: ReturnType<typeof createTlsServer>;
  let tlsUrl: string;
  beforeEach(async () => {
    root = await TestAuthority.root({ subject: 'CN=Server Root' });
    const { chainPem, key } = await root.leaf({
      subject: 'CN=localhost',
      subjectAltNames: ['localhost'],
      extendedKeyUsage: ['serverAuth'],
    });
    server = createTlsServer(
      { cert: chainPem, key: key.pem, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const name = (request.socket as TLSSocket).getPeerX509Certificate()?.subject;
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ name, authorization: request.headers.authorization }));
      },
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    tlsUrl = `https://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  const role = { name: 'A', description: 'x' };

  it('trusts the CA that is named, and no other', async () => {
    const trusting = new AdminClient({ url: tlsUrl, token: 'slu_token', tls: { ca: root.pem } });
    expect(await trusting.call(updateUserRole, role)).toEqual({ authorization: 'Bearer slu_token' });
    const others = [undefined, { ca: (await TestAuthority.root({ subject: 'CN=Other' })).pem }];
    for (const tls of others) {
      const error = await failed(new AdminClient({ url: tlsUrl, token: 'slu_token', tls }).call(updateUserRole, role));
      expect(error.message).toContain(`The certificate of ${tlsUrl} is not trusted here`);
    }
    const byAddress = tlsUrl.replace('localhost', '127.0.0.1');
    const other = new AdminClient({ url: byAddress, token: 'slu_token', tls: { ca: root.pem } });
    expect((await failed(other.call(updateUserRole, role))).message).toContain('is not trusted here');
  });

  it('shows a certificate, and needs no token then', async () => {
    const robot = await root.leaf({ subject: 'CN=robot' });
    const tls = { ca: root.pem, certificate: robot.chainPem, key: robot.key.pem };
    expect(await new AdminClient({ url: tlsUrl, tls }).call(updateUserRole, role)).toEqual({ name: 'CN=robot' });
  });

  it('says what is wrong with the files, and that nobody speaks TLS there', async () => {
    expect(() => new AdminClient({ url: tlsUrl, tls: { ca: root.pem, certificate: 'none', key: 'none' } })).toThrow();
    const plain = new AdminClient({ url: url.replace('http:', 'https:'), token: 'slu_token', tls: { ca: root.pem } });
    expect((await failed(plain.call(updateUserRole, role))).message).toContain('No TLS can be had with');
  });
});
