import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until, type Sender } from '@sluice/testing';
import { Administrator, type Flow, type ServiceKey } from './administrator/administrator.js';
import { Load } from './stack/call-under-load.js';
import { LocalStack } from './stack/local-stack.js';
import { senderWithKey } from './stack/senders.js';

const runtimes = 2;
const soap11 = 'http://schemas.xmlsoap.org/soap/envelope/';
const soap12 = 'http://www.w3.org/2003/05/soap-envelope';

interface RuntimeFlow extends Flow {
  readonly version: number;
  readonly runtimes: readonly { readonly name: string; readonly status: string; readonly version: number }[];
}

describe('flows on two runtimes', () => {
  let stack: LocalStack;
  let administrator: Administrator;
  let key: ServiceKey;

  beforeAll(async () => {
    stack = await LocalStack.start({ environment: { SLUICE_FLOW_RUNTIMES: String(runtimes) } });
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
    key = await administrator.createCertificateKey(await administrator.createInstance());
  }, 150_000);

  afterAll(async () => {
    await stack?.stop();
  }, 60_000);

  const deploy = (id: string, definition: object) =>
    administrator.client.expect<RuntimeFlow>(200, 'PUT', `/v1/flows/${id}`, definition);
  const show = (id: string) => administrator.client.expect<RuntimeFlow>(200, 'GET', `/v1/flows/${id}`);
  const stepsSaying = (text: string) => [{ contentModifier: { body: { constant: text } } }];
  const echo = (id: string, steps: readonly object[] = [], sender: object = {}) => ({
    name: id,
    sender: { adapter: 'HTTPS', address: `/${id}`, ...sender },
    steps,
  });

  it('are shown with how each runtime holds them', async () => {
    const flow = await administrator.deployFlow();
    const held = await until(
      async () => {
        const shown = await show(flow.id);
        return shown.runtimes.filter(({ status }) => status === 'STARTED').length === runtimes ? shown : undefined;
      },
      { what: 'both runtimes' },
    );
    expect(held.runtimes.map(({ version }) => version)).toEqual([held.version, held.version]);
    const again = await deploy(
      flow.id,
      echo(flow.id, [], { authorization: { type: 'UserRole', role: 'ESBMessaging.send' } }),
    );
    expect(again.version).toBe(held.version);
  });

  it('are deployed anew under load without a request that fails', async () => {
    const flow = await administrator.deployFlow();
    const senders: Sender[] = Array.from({ length: 4 }, () => senderWithKey(stack, key));
    await using load = new Load(
      senders.map((sender, index) => ({ name: `sender ${index}`, sender, path: `/http/${flow.id}` })),
    );
    for (let version = 1; version <= 10; version++) {
      const before = load.count;
      await deploy(flow.id, echo(flow.id, stepsSaying(`version ${version}`)));
      await until(() => load.count > before + 20, { what: 'calls' });
    }
    expect(new Set(Object.values(await load.end()).flat())).toEqual(new Set(['200']));
    senders.forEach((sender) => sender.close());
  }, 120_000);

  it('are checked, deployed with ports and imported over HTTP', async () => {
    const check = await administrator.client.expect<{ flows: { verdict: string; problems: unknown[] }[] }>(
      200,
      'POST',
      '/v1/flows/check',
      'name: a\nsender: {adapter: HTTPS, adress: /a}\nsteps: [{filtr: {}}]\n',
      'application/yaml',
    );
    expect([check.flows[0]?.verdict, check.flows[0]?.problems.length]).toEqual(['refused', 3]);
    const form = new FormData();
    form.append('artifact', new File(['name: m\nsender: {adapter: HTTPS, address: /m}\nsteps: []\n'], 'm.yaml'));
    const multipart = new Response(form);
    const body = Buffer.from(await multipart.arrayBuffer());
    await administrator.client.expect(201, 'PUT', '/v1/flows/m', body, multipart.headers.get('content-type') ?? '');
    const large = await administrator.client.request('PUT', '/v1/flows/l', Buffer.alloc(3_500_000), 'application/zip');
    expect([large.status, large.body.code]).toEqual([413, 'payload-too-large']);
    const archive = await administrator.client.request('POST', '/v1/flows/import', 'no archive', 'application/zip');
    expect([archive.status, archive.body.code]).toEqual([400, 'flow-invalid']);
  });

  it('that fail are answered with 500 and the id of their log, which has the error', async () => {
    const flow = await administrator.deployFlow({ steps: [{ filter: { xpath: '//a' } }] });
    using sender = senderWithKey(stack, key);
    const answer = await sender.send(`/http/${flow.id}`, { body: 'no xml' });
    const { messageProcessingLogId } = answer.json<{ messageProcessingLogId: string }>();
    expect([answer.status, answer.headers['sap_messageprocessinglogid']]).toEqual([500, messageProcessingLogId]);
    expect(await administrator.messageLog(messageProcessingLogId)).toMatchObject({
      status: 'FAILED',
      error: expect.stringContaining('XML'),
    });
    const { items } = await administrator.client.expect<{ items: { id: string }[] }>(
      200,
      'GET',
      `/v1/message-processing-logs?flow=${flow.id}&status=FAILED&sender=${key.name}`,
    );
    expect(items.map(({ id }) => id)).toEqual([messageProcessingLogId]);
  });

  it('may be protected against CSRF', async () => {
    const flow = await administrator.deployFlow({ sender: { csrfProtection: true } });
    using sender = senderWithKey(stack, key);
    const path = `/http/${flow.id}`;
    const refused = await sender.send(path, { body: 'x' });
    expect([refused.status, refused.headers['x-csrf-token']]).toEqual([403, 'Required']);
    const fetched = await sender.send(path, { method: 'HEAD', headers: { 'x-csrf-token': 'Fetch' } });
    const token = String(fetched.headers['x-csrf-token']);
    expect([fetched.status, fetched.headers['sap_messageprocessinglogid']]).toEqual([200, undefined]);
    expect((await sender.send(path, { body: 'x', headers: { 'x-csrf-token': token } })).text).toBe('x');
    using other = senderWithKey(stack, await administrator.createCertificateKey(await administrator.createInstance()));
    expect((await other.send(path, { body: 'x', headers: { 'x-csrf-token': token } })).status).toBe(403);
  });

  it.each([
    ['SOAP', soap11, 'text/xml', 500],
    ['SOAP', soap12, 'application/soap+xml', 400],
    ['IDOC', soap11, 'text/xml', 500],
  ])('take %s messages in the envelope of %s, and answer with one', async (adapter, namespace, type, faultStatus) => {
    const flow = await administrator.deployFlow({
      sender: { adapter },
      steps: [{ filter: { xpath: '//order' } }],
    });
    using sender = senderWithKey(stack, key);
    const path = `/http/${flow.id}`;
    const headers = { 'content-type': type };
    const envelope = (body: string) => `<s:Envelope xmlns:s="${namespace}"><s:Body>${body}</s:Body></s:Envelope>`;
    const answer = await sender.send(path, { headers, body: envelope('<orders><order>7</order></orders>') });
    expect([answer.status, String(answer.headers['content-type']).startsWith(type)]).toEqual([200, true]);
    expect(answer.text).toContain(`<soap:Envelope xmlns:soap="${namespace}"><soap:Body><order>7</order></soap:Body>`);
    const malformed = await sender.send(path, { headers, body: '<orders/>' });
    expect([malformed.status, malformed.text.includes('<soap:Fault>'), malformed.text.includes(namespace)]).toEqual([
      faultStatus,
      true,
      true,
    ]);
  });

  it('are answered while nobody stores the log, and their entries are there once somebody does', async () => {
    const flow = await administrator.deployFlow();
    const sender = senderWithKey(stack, key);
    const [pid] = stack.pidsOf('message-log') as [number];
    process.kill(pid, 'SIGSTOP');
    let id: string;
    try {
      const answer = await sender.send(`/http/${flow.id}`, { body: 'x' });
      expect(answer.status).toBe(200);
      id = String(answer.headers['sap_messageprocessinglogid']);
      await administrator.client.expect(404, 'GET', `/v1/message-processing-logs/${id}`);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    const entry = () => administrator.client.request('GET', `/v1/message-processing-logs/${id}`);
    await until(async () => (await entry()).status === 200, { what: 'the entry' });
    sender.close();
  });

  it('have a log entry for every message that was answered, though the runtime is killed', async () => {
    const flow = await administrator.deployFlow();
    const answered: string[] = [];
    let going = true;
    let cut = 0;
    const senders = Array.from({ length: 4 }, () => senderWithKey(stack, key));
    const ended = Promise.all(
      senders.map(async (sender) => {
        while (going) {
          try {
            const answer = await sender.send(`/http/${flow.id}`, { body: 'x', timeoutMs: 5_000 });
            if (answer.status === 200) answered.push(String(answer.headers['sap_messageprocessinglogid']));
          } catch {
            // The connection was cut by the kill, and so is the one after it until the runtime is back.
            cut++;
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        }
      }),
    );
    for (let kill = 1; kill <= 2; kill++) {
      const before = answered.length;
      await until(() => answered.length > before + 100, { what: 'answers', timeoutMs: 60_000 });
      process.kill(stack.pidsOf('flow-runtime')[0] as number, 'SIGKILL');
    }
    const before = answered.length;
    await until(() => answered.length > before + 100, { what: 'answers after the kills', timeoutMs: 60_000 });
    going = false;
    await ended;
    expect(cut).toBeGreaterThan(0);
    senders.forEach((sender) => sender.close());
    const missing = async (): Promise<string[]> => {
      const logged = new Set<string>();
      for (let after = ''; ;) {
        const page = await administrator.client.expect<{ items: { id: string }[]; next?: string }>(
          200,
          'GET',
          `/v1/message-processing-logs?flow=${flow.id}&limit=1000${after}`,
        );
        for (const { id } of page.items) logged.add(id);
        if (page.next === undefined) return answered.filter((id) => !logged.has(id));
        after = `&after=${page.next}`;
      }
    };
    await until(async () => (await missing()).length === 0, { what: 'every entry', timeoutMs: 20_000, everyMs: 500 });
    const { items } = await administrator.client.expect<{ items: unknown[] }>(
      200,
      'GET',
      '/v1/message-processing-logs?status=PROCESSING',
    );
    expect(items).toEqual([]);
  }, 240_000);
});
