import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readDestinationPolicy } from '@sluice/domain';
import { Destinations } from '@sluice/service-shell';
import type { HttpRequest } from '@sluice/flow-engine';
import { freePort, TestAuthority, type TestCertificate } from '@sluice/testing';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import type { ReceiverCredential, ReceiverSecret } from '../receiver-credentials/receiver-credential.js';
import { ConnectionPools } from './connection-pools.js';
import { UndiciHttpPort } from './http-port.undici.js';
import { loopbackDestinations } from './testing/loopback-destinations.js';
import { readReceiverHosts } from './receiver-hosts.js';

let authority: TestAuthority;
let serverCertificate: TestCertificate;
let clock = Date.UTC(2026, 2, 5);
const endings: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  authority = await TestAuthority.root({ subject: 'CN=Receivers' });
  serverCertificate = await authority.leaf({
    subject: 'CN=receiver',
    subjectAltNames: ['localhost', '127.0.0.1'],
    extendedKeyUsage: ['serverAuth'],
  });
});

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

afterAll(() => expect(endings).toEqual([]));

async function listening(server: Server, port = 0): Promise<string> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  endings.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const receiver = async (listener: RequestListener) => `http://${await listening(createServer(listener))}`;

/** Answers with the name of the client certificate that the connection was made with. */
async function mutualTlsReceiver(): Promise<{ url: string; connections: () => number }> {
  let connections = 0;
  const server = createTlsServer(
    {
      cert: serverCertificate.pem,
      key: serverCertificate.key.pem,
      ca: authority.pem,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) =>
      response.end((request.socket as TLSSocket).getPeerX509Certificate()?.subject ?? 'no certificate'),
  );
  server.on('secureConnection', () => connections++);
  const url = `https://${await listening(server)}`;
  return { url, connections: () => connections };
}

class Credentials {
  readonly held = new Map<string, ReceiverCredential>();
  #version = 0;

  put(alias: string, secret: ReceiverSecret): void {
    this.held.set(alias, { alias, version: ++this.#version, secret });
  }

  get(alias: string): Promise<ReceiverCredential | undefined> {
    return Promise.resolve(this.held.get(alias));
  }
}

function portWith(
  options: {
    credentials?: Credentials;
    trustedRoots?: string;
    hosts?: string;
    destinations?: Destinations;
    maximumResponseBytes?: number;
  } = {},
): UndiciHttpPort {
  const pools = new ConnectionPools({
    destinations: options.destinations ?? loopbackDestinations,
    ...(options.trustedRoots === undefined ? {} : { trustedRoots: options.trustedRoots }),
  });
  endings.push(() => pools.close());
  return new UndiciHttpPort({
    pools,
    credentials: options.credentials ?? new Credentials(),
    mayCall: readReceiverHosts(options.hosts ?? ''),
    maximumResponseBytes: options.maximumResponseBytes ?? 1024 * 1024,
    now: () => clock,
  });
}

const request = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  url,
  headers: {},
  body: null,
  timeoutMs: 10_000,
  authentication: { type: 'None' },
  retries: 0,
  retryIntervalMs: 0,
  ...more,
});
const text = (body: Uint8Array) => Buffer.from(body).toString('utf8');
const keyPair = async (name: string): Promise<ReceiverSecret> => {
  const certificate = await authority.leaf({ subject: `CN=${name}` });
  return { type: 'KeyPair', certificateChain: certificate.chainPem, key: certificate.key.pem };
};
const bodyOf = async (incoming: IncomingMessage) => Buffer.concat(await incoming.toArray()).toString('utf8');

describe('the HTTP receiver', () => {
  it('sends method, headers, query and body, and gives status, headers and body', async () => {
    const url = await receiver((incoming, response) => {
      void bodyOf(incoming).then((body) =>
        response
          .writeHead(201, { 'x-answer': ['a', 'b'] })
          .end(`${incoming.method} ${incoming.url} ${incoming.headers['x-sent']} ${body}`),
      );
    });
    const answer = await portWith().send(
      request(`${url}/orders?$top=1`, { method: 'POST', headers: { 'X-Sent': 'yes' }, body: Buffer.from('<o/>') }),
    );
    expect([answer.status, answer.headers['x-answer'], text(answer.body)]).toEqual([
      201,
      'a, b',
      'POST /orders?$top=1 yes <o/>',
    ]);
  });

  it('gives an error status as an answer', async () => {
    const url = await receiver((_, response) => response.writeHead(503).end('later'));
    const answer = await portWith().send(request(url));
    expect([answer.status, text(answer.body)]).toEqual([503, 'later']);
  });

  it('does not follow a redirect, so nothing of the request reaches another origin', async () => {
    let reached = 0;
    const other = await receiver((_, response) => {
      reached++;
      response.end();
    });
    const credentials = new Credentials();
    credentials.put('erp', { type: 'UserCredentials', user: 'u', password: 'p' });
    const url = await receiver((_, response) => response.writeHead(307, { location: other }).end());
    const answer = await portWith({ credentials }).send(
      request(url, { authentication: { type: 'Basic', credential: 'erp' } }),
    );
    expect([answer.status, reached]).toEqual([307, 0]);
  });

  it('ends a call that takes longer than its time-out', async () => {
    const url = await receiver(() => undefined);
    await expect(portWith().send(request(url, { timeoutMs: 50 }))).rejects.toMatchObject({ code: 'receiver-timeout' });
  });

  it('ends a call whose body never comes to its end', async () => {
    const url = await receiver((_, response) => response.writeHead(200).write('begin'));
    await expect(portWith().send(request(url, { timeoutMs: 100 }))).rejects.toMatchObject({ code: 'receiver-timeout' });
  });

  it('refuses an answer that is too large, without reading it to the end', async () => {
    let ended = false;
    const url = await receiver((_, response) => {
      response.on('close', () => (ended = true));
      const write = (): void => {
        while (!ended && response.write(Buffer.alloc(64 * 1024)));
        if (!ended) response.once('drain', write);
      };
      write();
    });
    await expect(portWith({ maximumResponseBytes: 200_000 }).send(request(url))).rejects.toMatchObject({
      code: 'receiver-failed',
      message: expect.stringContaining('200000 bytes') as unknown as string,
    });
  });

  it('takes a content coding off, within the same limit', async () => {
    const url = await receiver((incoming, response) =>
      response
        .writeHead(200, { 'content-encoding': 'gzip' })
        .end(gzipSync(incoming.url === '/bomb' ? Buffer.alloc(1_000_000) : 'text')),
    );
    const port = portWith({ maximumResponseBytes: 10_000 });
    const answer = await port.send(request(url));
    expect([text(answer.body), answer.headers['content-encoding']]).toEqual(['text', undefined]);
    await expect(port.send(request(`${url}/bomb`))).rejects.toMatchObject({ code: 'receiver-failed' });
  });

  it('names the address without its query when nobody answers', async () => {
    const url = await receiver((_, response) => response.destroy());
    await expect(portWith().send(request(`${url}/a?key=s3cret`))).rejects.toThrow(
      expect.objectContaining({
        message: expect.not.stringContaining('s3cret') as unknown as string,
        code: 'receiver-failed',
      }),
    );
  });

  it('calls no host but those the operator named', async () => {
    const port = portWith({ hosts: 'api.example.com, *.internal.example:8443' });
    for (const url of ['http://127.0.0.1:1/', 'https://example.com/', 'https://a.internal.example/'])
      await expect(port.send(request(url))).rejects.toThrow('RECEIVER_HOSTS');
    const mayCall = readReceiverHosts('api.example.com, *.internal.example:8443');
    expect(mayCall(new URL('https://API.example.com./x'))).toBe(true);
    expect(mayCall(new URL('https://a.internal.example:8443'))).toBe(true);
    expect(mayCall(new URL('https://evilapi.example.com'))).toBe(false);
    expect(mayCall(new URL('https://internal.example:8443'))).toBe(false);
  });
});

describe('a destination on this machine', () => {
  const closed = (credentials = new Credentials()) => {
    const read = readDestinationPolicy('', '');
    if (!('policy' in read)) throw new Error('The list cannot be read.');
    return portWith({ credentials, destinations: new Destinations(read.policy, () => undefined) });
  };

  it('is not called, and the error is that of a port on which nobody listens', async () => {
    let calls = 0;
    const server = createServer((_, response) => {
      calls++;
      response.end();
    });
    const { port } = new URL(`http://${await listening(server)}`);
    const nobody = await freePort();
    const message = async (sent: Promise<unknown>) =>
      String(await sent.catch((error: unknown) => error)).replace(/:\d+\//, '/');
    for (const host of ['127.0.0.1', 'localhost', '2130706433', '[::ffff:127.0.0.1]', '127.1', '0.0.0.0']) {
      const refused = await message(closed().send(request(`http://${host}:${port}/`)));
      expect(refused).toContain('ALLOWED_DESTINATIONS');
      if (host.startsWith('127') || host === 'localhost')
        expect(refused).toBe(await message(portWith().send(request(`http://${host}:${nobody}/`))));
    }
    expect(calls).toBe(0);
  });

  it('gets no token request either', async () => {
    let calls = 0;
    const url = await receiver((_, response) => {
      calls++;
      response.end('{}');
    });
    const credentials = new Credentials();
    credentials.put('erp', {
      type: 'OAuth2ClientCredentials',
      tokenUrl: url,
      clientId: 'c',
      clientSecret: 's',
      scope: '',
      clientAuthentication: 'body',
    });
    await expect(
      closed(credentials).send(
        request('https://example.com/', { authentication: { type: 'OAuth2ClientCredentials', credential: 'erp' } }),
      ),
    ).rejects.toThrow('ALLOWED_DESTINATIONS');
    expect(calls).toBe(0);
  });
});

describe('a retry', () => {
  /** Closes the first connections after it has read the request. */
  async function dropping(drops: number): Promise<{ url: string; calls: () => number }> {
    let calls = 0;
    const url = await receiver((_, response: ServerResponse) => {
      if (++calls <= drops) response.destroy();
      else response.end('done');
    });
    return { url, calls: () => calls };
  }

  it('sends a GET again whose connection broke', async () => {
    const { url, calls } = await dropping(2);
    const answer = await portWith().send(request(url, { retries: 2 }));
    expect([text(answer.body), calls()]).toEqual(['done', 3]);
  });

  it('does not send a POST again that the receiver may have carried out', async () => {
    const { url, calls } = await dropping(1);
    await expect(portWith().send(request(url, { method: 'POST', retries: 3 }))).rejects.toMatchObject({
      code: 'receiver-failed',
    });
    expect(calls()).toBe(1);
  });

  it('sends a POST again when there was no connection at all', async () => {
    // Takes the port that the first attempt found closed.
    const server = createServer((_, response) => response.end('up'));
    const port = await freePort();
    const answer = portWith().send(
      request(`http://127.0.0.1:${port}`, { method: 'POST', retries: 200, retryIntervalMs: 10 }),
    );
    await listening(server, port);
    expect(text((await answer).body)).toBe('up');
  });

  it('does not try again what was answered, whatever the status', async () => {
    let calls = 0;
    const url = await receiver((_, response) => {
      calls++;
      response.writeHead(500).end();
    });
    expect((await portWith().send(request(url, { retries: 3 }))).status).toBe(500);
    expect(calls).toBe(1);
  });
});

describe('authentication of a receiver', () => {
  it('sends user and password of the credential, and no Authorization of the message', async () => {
    const url = await receiver((incoming, response) => response.end(incoming.headers.authorization));
    const credentials = new Credentials();
    credentials.put('erp', { type: 'UserCredentials', user: 'Alice', password: 'pass:word' });
    const answer = await portWith({ credentials }).send(
      request(url, {
        headers: { Authorization: 'Bearer of-the-message' },
        authentication: { type: 'Basic', credential: 'erp' },
      }),
    );
    expect(text(answer.body)).toBe(`Basic ${Buffer.from('Alice:pass:word').toString('base64')}`);
  });

  it('says which credential is missing or of another type', async () => {
    const credentials = new Credentials();
    credentials.put('erp', { type: 'UserCredentials', user: 'u', password: 'p' });
    const port = portWith({ credentials });
    const call = (authentication: HttpRequest['authentication']) =>
      port.send(request('https://localhost:1', { authentication }));
    await expect(call({ type: 'Basic', credential: 'other' })).rejects.toThrow('/v1/credentials/other');
    await expect(call({ type: 'ClientCertificate', keyAlias: 'erp' })).rejects.toThrow('needs KeyPair');
    await expect(call({ type: 'Basic', credential: '' })).rejects.toThrow('names no credential');
  });

  it('trusts the configured roots and nobody else', async () => {
    const { url } = await mutualTlsReceiver();
    expect((await portWith({ trustedRoots: authority.pem }).send(request(url))).status).toBe(200);
    const other = await TestAuthority.root({ subject: 'CN=Receivers' });
    for (const port of [portWith({ trustedRoots: other.pem }), portWith()])
      await expect(port.send(request(url, { retries: 2 }))).rejects.toMatchObject({ code: 'receiver-failed' });
  });

  it('attack 30: a connection made as one identity is never used for another', async () => {
    const { url, connections } = await mutualTlsReceiver();
    const credentials = new Credentials();
    for (const name of ['a', 'b', 'c']) credentials.put(name, await keyPair(name));
    const port = portWith({ credentials, trustedRoots: authority.pem });
    const as = async (name: string | undefined) =>
      text(
        (
          await port.send(
            request(url, {
              authentication: name === undefined ? { type: 'None' } : { type: 'ClientCertificate', keyAlias: name },
            }),
          )
        ).body,
      );
    const names = ['a', 'b', undefined, 'c'];
    for (let round = 0; round < 5; round++)
      for (const name of names) expect(await as(name)).toBe(name === undefined ? 'no certificate' : `CN=${name}`);
    expect(connections()).toBe(4);
    const mixed = Array.from({ length: 60 }, (_, index) => names[(index * 7) % names.length]);
    expect(await Promise.all(mixed.map(as))).toEqual(
      mixed.map((name) => (name === undefined ? 'no certificate' : `CN=${name}`)),
    );
  });

  it('attack 30: a changed credential takes no connection of the one before', async () => {
    const { url } = await mutualTlsReceiver();
    const credentials = new Credentials();
    const port = portWith({ credentials, trustedRoots: authority.pem });
    const call = async () =>
      text((await port.send(request(url, { authentication: { type: 'ClientCertificate', keyAlias: 'erp' } }))).body);
    credentials.put('erp', await keyPair('before'));
    expect(await call()).toBe('CN=before');
    credentials.put('erp', await keyPair('after'));
    // Before anybody has told the port of the change, and after.
    expect(await call()).toBe('CN=after');
    port.credentialChanged('erp');
    expect(await call()).toBe('CN=after');
  });

  it('does not send a client certificate’s call in the clear', async () => {
    const credentials = new Credentials();
    credentials.put('erp', await keyPair('a'));
    await expect(
      portWith({ credentials }).send(
        request('http://127.0.0.1:1', { authentication: { type: 'ClientCertificate', keyAlias: 'erp' } }),
      ),
    ).rejects.toThrow('https');
  });
});

describe('OAuth client credentials', () => {
  interface TokenEndpoint {
    readonly url: string;
    readonly asked: { readonly authorization: string | undefined; readonly form: URLSearchParams }[];
    /** What the next tokens are answered with. */
    answer: (count: number) => { status: number; body: unknown };
  }

  async function tokenEndpoint(): Promise<TokenEndpoint> {
    const asked: TokenEndpoint['asked'] = [];
    const endpoint = {
      url: '',
      asked,
      answer: (count: number) => ({
        status: 200,
        body: { access_token: `token-${count}`, token_type: 'Bearer', expires_in: 3600 } as unknown,
      }),
    };
    endpoint.url = await receiver((incoming, response) => {
      void bodyOf(incoming).then((body) => {
        asked.push({ authorization: incoming.headers.authorization, form: new URLSearchParams(body) });
        const { status, body: answer } = endpoint.answer(asked.length);
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      });
    });
    return endpoint;
  }

  const client = (tokenUrl: string, clientAuthentication: 'header' | 'body' = 'header'): ReceiverSecret => ({
    type: 'OAuth2ClientCredentials',
    tokenUrl,
    clientId: 'a client',
    clientSecret: 's:cret',
    scope: 'read write',
    clientAuthentication,
  });
  const authentication = { type: 'OAuth2ClientCredentials', credential: 'api' } as const;

  it('asks once for many calls at once, and again when the token is about to expire', async () => {
    const endpoint = await tokenEndpoint();
    const url = await receiver((incoming, response) => response.end(incoming.headers.authorization));
    const credentials = new Credentials();
    credentials.put('api', client(endpoint.url));
    const port = portWith({ credentials });
    const call = async () => text((await port.send(request(url, { authentication }))).body);
    expect(new Set(await Promise.all(Array.from({ length: 20 }, call)))).toEqual(new Set(['Bearer token-1']));
    clock += 3_500_000;
    expect(await call()).toBe('Bearer token-1');
    clock += 75_000;
    expect(await call()).toBe('Bearer token-2');
    expect(endpoint.asked).toHaveLength(2);
    expect(endpoint.asked[0]?.authorization).toBe(`Basic ${Buffer.from('a+client:s%3Acret').toString('base64')}`);
    expect(Object.fromEntries(endpoint.asked[0]?.form ?? [])).toEqual({
      grant_type: 'client_credentials',
      scope: 'read write',
    });
  });

  it('puts the client into the body when the credential says so', async () => {
    const endpoint = await tokenEndpoint();
    const url = await receiver((_, response) => response.end());
    const credentials = new Credentials();
    credentials.put('api', client(endpoint.url, 'body'));
    await portWith({ credentials }).send(request(url, { authentication }));
    expect([endpoint.asked[0]?.authorization, endpoint.asked[0]?.form.get('client_secret')]).toEqual([
      undefined,
      's:cret',
    ]);
  });

  it('replaces a token once that the receiver refuses, and not one that was just made', async () => {
    const endpoint = await tokenEndpoint();
    let valid = 'Bearer token-1';
    let calls = 0;
    const url = await receiver((incoming, response) => {
      calls++;
      response.writeHead(incoming.headers.authorization === valid ? 200 : 401).end();
    });
    const credentials = new Credentials();
    credentials.put('api', client(endpoint.url));
    const port = portWith({ credentials });
    expect((await port.send(request(url, { authentication }))).status).toBe(200);
    valid = 'Bearer token-2';
    clock += 1;
    expect((await port.send(request(url, { authentication }))).status).toBe(200);
    valid = 'nothing';
    clock += 1;
    expect((await port.send(request(url, { authentication }))).status).toBe(401);
    expect([calls, endpoint.asked.length]).toEqual([5, 3]);
  });

  it('fails with the status of the token endpoint, and asks again at the next call', async () => {
    const endpoint = await tokenEndpoint();
    const good = endpoint.answer;
    endpoint.answer = () => ({ status: 401, body: { error: 'invalid_client', error_description: 's:cret' } });
    const url = await receiver((_, response) => response.end());
    const credentials = new Credentials();
    credentials.put('api', client(endpoint.url));
    const port = portWith({ credentials });
    await expect(port.send(request(url, { authentication }))).rejects.toMatchObject({
      code: 'receiver-failed',
      message: expect.stringMatching(/HTTP status 401 \(invalid_client\)\.$/) as unknown as string,
    });
    endpoint.answer = good;
    expect((await port.send(request(url, { authentication }))).status).toBe(200);
  });

  it('gives another version of the credential a token of its own', async () => {
    const endpoint = await tokenEndpoint();
    const url = await receiver((incoming, response) => response.end(incoming.headers.authorization));
    const credentials = new Credentials();
    const port = portWith({ credentials });
    const call = async () => text((await port.send(request(url, { authentication }))).body);
    credentials.put('api', client(endpoint.url));
    expect(await call()).toBe('Bearer token-1');
    credentials.put('api', client(endpoint.url));
    expect(await call()).toBe('Bearer token-2');
  });
});

describe('a receiver that speaks no HTTP', () => {
  it('fails the call', async () => {
    const sockets = new Set<Socket>();
    const server = createTcpServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => sockets.delete(socket));
      socket.end('SSH-2.0-x\r\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endings.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    await expect(
      portWith().send(request(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
    ).rejects.toMatchObject({ code: 'receiver-failed' });
  });
});
