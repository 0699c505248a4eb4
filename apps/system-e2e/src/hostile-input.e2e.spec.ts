import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestAuthority } from '@sluice/testing';
import { LocalStack } from './stack/local-stack.js';

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

const cursorOf = (text: string) => Buffer.from(text).toString('base64url');
/** Values of parameters that nothing is named by, percent-encoded. */
const values = [
  ...[
    '\0',
    'a\0b',
    'x'.repeat(5_000),
    '-1',
    '1e999',
    'NaN',
    '99999999999999999999',
    '../../x',
    '2026',
    '2026-02-30',
    '2026-02-30T00:00:00Z',
    '00000000-0000-0000-0000-000000000000',
    'not-a-uuid',
    "'; DROP TABLE flow --",
    '\u{1F600}',
    'a b',
    '*',
    '>',
    cursorOf('2026-02-30T00:00:00Z|x'),
    cursorOf('2026-02-28T00:00:00Z|\0'),
    'key-management:999999999999999',
  ].map(encodeURIComponent),
  '%ff',
  '%ed%a0%80',
  '%zz',
];
const nested = (open: string, close: string) => open.repeat(20_000) + '1' + close.repeat(20_000);
const bodies: readonly (string | Uint8Array<ArrayBuffer>)[] = [
  '',
  '{}',
  '[]',
  'null',
  '{"name":"\\u0000"}',
  '{"name":"\\ud800","parameters":{"roles":["\\u0000"]}}',
  '{"__proto__":{"a":1}}',
  nested('[', ']'),
  nested('{"a":', '}'),
  '{"name":1e999,"parameters":{"roles":[{}]},"pem":5,"reason":[],"overlapSeconds":1e300,"host":"\\u0000","port":1e9}',
  '{"failure":"hard","maximumAgeSeconds":1e300,"crls":[{"url":"http://\\u0000"}]}',
  '{"type":"UserCredentials","user":"\\u0000","password":"\\ud800"}',
  Uint8Array.of(0x7b, 0xff, 0x7d),
];
const flow = (text: string) =>
  `{"name":"${text}","sender":{"adapter":"HTTPS","address":"/hostile"},"steps":[{"contentModifier":{"body":{"constant":"a${text}b"}}}]}`;
/** What begins long work, or changes what the other calls rest on. */
const leftOut = ['rebuildState', 'resealKeys', 'resignRecords'];

describe('what an administrator’s program may send by mistake', () => {
  let stack: LocalStack;
  let operations: { readonly method: string; readonly path: string; readonly operation: Operation }[];

  beforeAll(async () => {
    stack = await LocalStack.start();
    const { paths } = (await (await fetch(`${stack.facts.adminUrl}/v1/openapi.json`)).json()) as Description;
    const all = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    );
    operations = all.filter(({ operation }) => !leftOut.includes(operation.operationId));
    expect(all.length - operations.length).toBe(leftOut.length);
  });

  afterAll(() => stack?.stop());

  const call = async (method: string, path: string, body?: string | Uint8Array<ArrayBuffer>, type?: string) => {
    const response = await fetch(stack.facts.adminUrl + path, {
      method,
      headers: {
        authorization: `Bearer ${stack.facts.adminToken}`,
        ...(type === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, text: await response.text() };
  };

  it('is never answered as a failure of ours, in any parameter of any call', async () => {
    const failed: string[] = [];
    for (const { method, path, operation } of operations) {
      const at = (value: string) => path.replace(/\{\w+\}/g, () => value);
      const queries = operation.parameters?.filter((parameter) => parameter.in === 'query') ?? [];
      const targets = values.flatMap((value) => [
        ...(path.includes('{') ? [at(value)] : []),
        ...queries.map(({ name }) => `${at('00000000-0000-0000-0000-000000000000')}?${name}=${value}`),
      ]);
      for (const target of targets) {
        const { status } = await call(method, target);
        if (status >= 500) failed.push(`${status} ${method} ${target}`);
      }
    }
    expect(failed).toEqual([]);
  }, 120_000);

  it('is never answered as a failure of ours, in any body', async () => {
    const failed: string[] = [];
    for (const { method, path } of operations.filter((each) => each.method !== 'GET'))
      for (const body of bodies) {
        const { status } = await call(method, path.replace(/\{\w+\}/g, 'x'), body, 'application/json');
        if (status >= 500) failed.push(`${status} ${method} ${path} ${String(body).slice(0, 40)}`);
      }
    expect(failed).toEqual([]);
  }, 120_000);

  it.each(['\\u0000', '\\ud800'])('is refused in a flow by the check and by the deployment alike: %s', async (text) => {
    const checked = await call('POST', '/v1/flows/check?id=hostile', flow(text), 'application/json');
    const { flows } = JSON.parse(checked.text) as { flows: { verdict: string; problems: { message: string }[] }[] };
    expect(flows[0]?.verdict).toBe('refused');
    expect(flows[0]?.problems[0]?.message).toMatch(/NUL|surrogate/);
    const deployed = await call('PUT', '/v1/flows/hostile', flow(text), 'application/json');
    expect(deployed).toMatchObject({ status: 400, text: expect.stringContaining('must not hold') as unknown });
  });

  it('is refused in what a service instance would store', async () => {
    const made = await call('POST', '/v1/service-instances', '{"name":"hostile"}', 'application/json');
    const { id } = JSON.parse(made.text) as { id: string };
    for (const text of ['\\u0000', '\\ud800']) {
      const body = `{"parameters":{"roles":["a${text}"]}}`;
      const changed = await call('PATCH', `/v1/service-instances/${id}`, body, 'application/json');
      expect(changed).toMatchObject({ status: 400, text: expect.stringContaining('parameters.roles[0]') as unknown });
    }
  });

  it('names what a call knows when a parameter is misspelt or given twice', async () => {
    const misspelt = await call('GET', '/v1/message-processing-logs?flwo=orders');
    expect(misspelt.status).toBe(400);
    expect(misspelt.text).toContain('known are limit, after, flow, status');
    expect(await call('GET', '/v1/message-processing-logs?flow=a&flow=b')).toMatchObject({ status: 400 });
    expect((await call('DELETE', '/v1/flows/none?force=true')).text).toContain('this call has no query');
  });

  it('is refused as a cursor by every list; what a list gave goes on in that list alone', async () => {
    const make = async (method: string, path: string, body: unknown) => {
      const made = await call(method, path, JSON.stringify(body), 'application/json');
      expect(made).toMatchObject({ status: 201 });
      return JSON.parse(made.text) as { id: string };
    };
    const instance = await make('POST', '/v1/service-instances', { name: 'listed-1' });
    await make('POST', '/v1/service-instances', { name: 'listed-2' });
    for (const name of ['one', 'two']) {
      const parameters = { 'key-type': 'client_secret' };
      await make('POST', `/v1/service-instances/${instance.id}/service-keys`, { name, parameters });
      await make('POST', '/v1/admin-tokens', { name });
      await make('POST', '/v1/subscribers', { name });
      await make('PUT', `/v1/credentials/${name}`, { type: 'UserCredentials', user: name, password: name });
      await make('PUT', `/v1/flows/${name}`, { name, sender: { adapter: 'HTTPS', address: `/${name}` }, steps: [] });
    }
    const partner = await TestAuthority.root({ subject: 'CN=Partner Root,O=Partner' });
    await make('POST', '/v1/trusted-roots', { pem: partner.pem });
    // One is prepared at a time, and the empty body above has done so if it was sent.
    await call('POST', '/v1/issuing-cas', '{}', 'application/json');
    const lists = operations
      .filter(({ operation }) => operation.parameters?.some(({ name }) => name === 'after'))
      .map(({ path, operation }) => ({
        id: operation.operationId,
        path: path.replace('{service}', 'authorization').replace(/\{\w+\}/, instance.id),
      }));
    expect(lists.length).toBeGreaterThan(10);
    const page = async (path: string, after?: string) => {
      const query = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
      const { status, text } = await call('GET', `${path}?limit=1${query}`);
      const { items, next, violations } = JSON.parse(text) as {
        items?: unknown[];
        next?: string;
        violations?: { field: string }[];
      };
      return { status, items, next, fields: violations?.map(({ field }) => field) };
    };
    const refused = { status: 400, fields: ['after'] };
    const given = new Map<string, string>();
    for (const { id, path } of lists) {
      const first = await page(path);
      expect(first.status).toBe(200);
      // Nothing was sent to a flow, so there is no message and no decision; no person signed in, and nothing was proposed.
      if (['listMessageProcessingLogs', 'listDecisions', 'listPeople', 'listProposals'].includes(id)) continue;
      given.set(id, first.next ?? `${id} has no second page`);
      const second = await page(path, first.next);
      expect(second).toMatchObject({ status: 200, items: [expect.anything()] });
      expect(second.items).not.toEqual(first.items);
    }
    for (const { id, path } of lists)
      for (const cursor of ['', 'x', '1', 'one', 'key-management:1', cursorOf('one'), ...given.values()])
        if (cursor !== given.get(id))
          expect([id, cursor, await page(path, cursor)]).toMatchObject([id, cursor, refused]);
    const ofService = await call('GET', `/v1/audit?service=authorization&after=${given.get('listAudit')}`);
    expect(ofService.status).toBe(400);
  }, 120_000);

  it('may name JSON on a request without a body', async () => {
    await call('POST', '/v1/user-roles', '{"name":"Hostile.role","description":"Grün"}', 'application/json');
    const latin = Buffer.from('{"description":"Gr\xfcn"}', 'latin1');
    expect((await call('PATCH', '/v1/user-roles/Hostile.role', new Uint8Array(latin), 'application/json')).status).toBe(
      400,
    );
    expect(await call('DELETE', '/v1/user-roles/Hostile.role', undefined, 'application/json')).toMatchObject({
      status: 204,
    });
  });
});
