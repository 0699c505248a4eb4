import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TemporaryFolder, until } from '@sluice/testing';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { Administrator, type Flow, type ServiceInstance, type ServiceKey } from './administrator/administrator.js';
import { LocalStack } from './stack/local-stack.js';
import { runAdminCommand } from './stack/run-admin-command.js';
import { senderWithKey } from './stack/senders.js';

/** Sends a request and never reads the answer: the connection is ended once `isDone` says that the request was carried out. */
async function sendAndLoseTheAnswer(
  stack: LocalStack,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  isDone: () => Promise<unknown>,
): Promise<number> {
  const { hostname, port } = new URL(stack.facts.adminUrl);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  socket.pause();
  const lines = Object.entries({ host: `${hostname}:${port}`, 'content-length': String(body.length), ...headers });
  socket.write(
    `POST ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  );
  await until(isDone, { what: 'the change' });
  socket.destroy();
  return socket.bytesRead;
}

describe('the answer to a call that makes something', () => {
  let stack: LocalStack;
  let administrator: Administrator;
  let instance: ServiceInstance;
  let flow: Flow;

  beforeAll(async () => {
    stack = await LocalStack.start();
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
    const role = await administrator.createRole();
    instance = await administrator.createInstance([role]);
    flow = await administrator.deployFlow({ role });
  }, 120_000);

  afterAll(async () => {
    await stack?.[Symbol.asyncDispose]();
  });

  it('is had again where it was lost with the connection, and its private key lets the sender in', async () => {
    const path = `/v1/service-instances/${instance.id}/service-keys`;
    const body = { name: 'lost', parameters: { 'key-type': 'certificate', 'key-algorithm': 'P-256', validity: 30 } };
    const list = () => administrator.client.expect<{ items: ServiceKey[] }>(200, 'GET', path);
    const headers = { 'idempotency-key': 'lost-1' };
    await sendAndLoseTheAnswer(
      stack,
      path,
      { authorization: `Bearer ${stack.facts.adminToken}`, 'content-type': 'application/json', ...headers },
      JSON.stringify(body),
      async () => (await list()).items.length > 0,
    );
    const repeated = await administrator.client.expect<ServiceKey>(201, 'POST', path, body, undefined, headers);
    expect((await list()).items.map(({ id }) => id)).toEqual([repeated.id]);
    using sender = senderWithKey(stack, repeated);
    expect((await sender.send(`/http/${flow.id}`, { body: 'x' })).status).toBe(200);

    // Once more is once too often: nothing of it is kept.
    const third = await administrator.client.request('POST', path, body, undefined, headers);
    expect([third.status, third.body.code]).toEqual([422, 'idempotency-key-reused']);
    const client = new pg.Client({ connectionString: stack.facts.databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query('SELECT answer FROM key_management.idempotent_answer');
      expect(rows).toEqual([{ answer: null }]);
    } finally {
      await client.end();
    }
  });

  it('attack 54: is in no backup while it is kept', async () => {
    const path = `/v1/service-instances/${instance.id}/service-keys`;
    const body = { name: 'backed-up', parameters: { 'key-type': 'client_secret' } };
    await administrator.client.expect(201, 'POST', path, body, undefined, { 'idempotency-key': 'kept-for-the-backup' });
    using folder = new TemporaryFolder('backup');
    const file = join(folder.path, 'sluice.backup');
    expect(await runAdminCommand(stack.home, ['backup', file])).toMatchObject({ code: 0 });
    const backup = gunzipSync(readFileSync(file)).toString('utf8');
    expect(backup).toContain('backed-up');
    expect(backup).not.toContain('kept-for-the-backup');
  });

  it('has the token that the first one made, which another administrator is not given by the same key', async () => {
    const { client } = administrator;
    const headers = { 'idempotency-key': 'lost-2' };
    const make = (name: string) =>
      client.request<{ token: string }>('POST', '/v1/admin-tokens', { name }, undefined, headers);
    const [first, again] = [await make('second'), await make('second')];
    expect([first.status, again.status, again.body.token]).toEqual([201, 201, first.body.token]);
    const second = new Administrator(stack.facts.adminUrl, first.body.token);
    const theirs = await second.client.request('POST', '/v1/admin-tokens', { name: 'second' }, undefined, headers);
    expect([theirs.status, theirs.body.code]).toEqual([409, 'name-in-use']);
  });

  it('tells the entity tag, by which a change is made only of what was read', async () => {
    const url = `${stack.facts.adminUrl}/v1/service-instances/${instance.id}`;
    const authorization = `Bearer ${stack.facts.adminToken}`;
    const etag = (await fetch(url, { headers: { authorization } })).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\x21\x23-\x7e]+"$/);
    const change = (value: number, ifMatch: string) =>
      administrator.client.request(
        'PATCH',
        `/v1/service-instances/${instance.id}`,
        { parameters: { 'token-validity': value } },
        undefined,
        { 'if-match': ifMatch },
      );
    expect((await change(7_200, etag)).status).toBe(200);
    expect([(await change(3_600, etag)).status, (await change(3_600, '*')).status]).toEqual([412, 200]);
  });
});
