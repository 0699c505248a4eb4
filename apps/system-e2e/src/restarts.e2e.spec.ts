import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort, TemporaryFolder, TestAuthority, until, type Sender } from '@sluice/testing';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { Administrator, type Flow, type MessageLog, type ServiceKey } from './administrator/administrator.js';
import { attemptRequest } from './bus/attempt.js';
import { connectAsService, connectAsSubscriber } from './bus/connect-to-bus.js';
import { EventSubscription } from './bus/event-subscription.js';
import { Load } from './stack/call-under-load.js';
import { LocalStack } from './stack/local-stack.js';
import { senderWithCertificate, senderWithKey, senderWithoutCertificate } from './stack/senders.js';

const verifiers = 3;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Something an administrator was told is done, with all that is to be found of it later. */
interface Acknowledged {
  readonly role: string;
  readonly key: ServiceKey;
  readonly flow: Flow;
  readonly messageId: string;
  readonly deletedKey: ServiceKey;
}

describe('a stack whose parts die', () => {
  const home = new TemporaryFolder('restarts');
  let stack: LocalStack;
  let administrator: Administrator;
  const acknowledged: Acknowledged[] = [];

  beforeAll(async () => {
    stack = await LocalStack.start({ home: home.path, environment: { SLUICE_VERIFIERS: String(verifiers) } });
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
  });

  afterAll(async () => {
    await stack?.stop();
    home.remove();
  });

  /** A change of every kind, each answered with 2xx, and a call that was answered with 200. */
  async function change(): Promise<Acknowledged> {
    const role = await administrator.createRole();
    const instance = await administrator.createInstance([role]);
    const key = await administrator.createCertificateKey(instance);
    const deletedKey = await administrator.createCertificateKey(instance);
    const flow = await administrator.deployFlow({ role });
    using sender = senderWithKey(stack, key);
    using deleted = senderWithKey(stack, deletedKey);
    const answer = await sender.send(`/http/${flow.id}`, { body: 'x' });
    expect([answer.status, (await deleted.send(`/http/${flow.id}`, { body: 'x' })).status]).toEqual([200, 200]);
    await administrator.deleteKey(deletedKey);
    const done = { role, key, flow, messageId: String(answer.headers['sap_messageprocessinglogid']), deletedKey };
    acknowledged.push(done);
    return done;
  }

  async function expectAllThere(): Promise<void> {
    const roles = await administrator.client.expect<{ items: { name: string }[] }>(
      200,
      'GET',
      '/v1/user-roles?limit=1000',
    );
    for (const { role, key, flow, messageId, deletedKey } of acknowledged) {
      expect(roles.items.map(({ name }) => name)).toContain(role);
      const found = await administrator.client.expect<ServiceKey>(200, 'GET', `/v1/service-keys/${key.id}`);
      expect(found.certificates).toMatchObject(key.certificates);
      expect((await administrator.client.expect<Flow>(200, 'GET', `/v1/flows/${flow.id}`)).status).toBe('started');
      // What a message-log that died had taken to store arrives within ten seconds of its taking.
      const log = await until(
        async () => {
          const path = `/v1/message-processing-logs/${messageId}`;
          const { status, body } = await administrator.client.request<MessageLog>('GET', path);
          return status === 404 ? undefined : body;
        },
        { what: `the entry of the message ${messageId}`, timeoutMs: 20_000 },
      );
      expect(log).toMatchObject({
        id: messageId,
        flow: flow.id,
        status: 'COMPLETED',
      });
      expect((await administrator.client.request('GET', `/v1/service-keys/${deletedKey.id}`)).status).toBe(404);
      using sender = senderWithKey(stack, key);
      using deleted = senderWithKey(stack, deletedKey);
      expect((await sender.send(`/http/${flow.id}`, { body: 'x' })).status).toBe(200);
      expect((await deleted.send(`/http/${flow.id}`, { body: 'x' })).status).toBe(401);
    }
  }

  /** Kills a process of the stack and waits until another stands in its place, and all is ready again. */
  async function killAndAwait(name: string, index = 0): Promise<void> {
    const pid = stack.pidsOf(name)[index] as number;
    expect(isAlive(pid)).toBe(true);
    const said = stack.output.length;
    const count = stack.pidsOf(name).length;
    process.kill(pid, 'SIGKILL');
    await until(
      () => {
        const pids = stack.pidsOf(name);
        return pids.length === count && !pids.includes(pid) && pids.every(isAlive);
      },
      { what: `another ${name} in the place of ${pid}`, timeoutMs: 40_000 },
    );
    // What it says comes by another way than the file, and may come after it.
    const isSaid = (text: string) => text.includes(name) && /was ended by SIGKILL; starting it again/.test(text);
    await until(() => stack.output.slice(said).some(isSaid), { what: `a line about the end of ${name}` });
  }

  /** Each service does its work: a change of each that is published, and a call with a key made just now. */
  async function untilEverythingAnswers(): Promise<void> {
    const { client } = administrator;
    const answers = (status: number, method: string, path: string, body?: () => unknown) =>
      until(async () => (await client.request(method, path, body?.())).status === status, {
        what: `${status} for ${method} ${path}`,
        timeoutMs: 40_000,
        everyMs: 100,
      });
    await answers(200, 'GET', '/v1/flows');
    await answers(201, 'POST', '/v1/user-roles', () => ({ name: administrator.newName('Probe.'), description: '' }));
    await answers(201, 'POST', '/v1/service-instances', () => ({
      name: administrator.newName('probe-'),
      plan: 'integration-flow',
    }));
    const key = await administrator.createCertificateKey(await administrator.createInstance());
    await until(
      async () => {
        using probe = senderWithKey(stack, key);
        return (await probe.send('/http/nowhere')).status === 404;
      },
      { what: 'a decision on a new key', timeoutMs: 30_000, everyMs: 100 },
    );
  }

  describe('three verifiers', () => {
    /** Asks as the flow runtime does, so often that each process of the queue group gets its share. @returns who answered how often */
    async function askVerifiers(times: number): Promise<Map<string, number>> {
      const connection = await connectAsService(stack, 'flow-runtime');
      try {
        const info = await attemptRequest(connection, '$JS.API.STREAM.INFO.KV_SLUICE_STATE');
        const { config, state } = JSON.parse(typeof info === 'object' ? info.answer : '{}') as {
          config: { metadata: Record<string, string> };
          state: { last_seq: number };
        };
        const leaf = await (await TestAuthority.root({ subject: 'CN=Strange' })).leaf({ subject: 'CN=a' });
        const request = {
          leaf: Buffer.from(leaf.der).toString('base64'),
          chain: [],
          lookUp: 'service-key',
          minimum: { epoch: config.metadata['sluice-epoch'], sequence: state.last_seq },
        };
        const counts = new Map<string, number>();
        for (let n = 0; n < times; n++) {
          const reply = await connection.request(
            'sluice.certificate-verifier.verify-certificate.v1',
            JSON.stringify(request),
            { timeout: 3_000 },
          );
          const { result } = reply.json<{ result: { verifier: string; outcome: string } }>();
          expect(result.outcome).toBe('refused');
          counts.set(result.verifier, (counts.get(result.verifier) ?? 0) + 1);
        }
        return counts;
      } finally {
        await connection.close();
      }
    }

    it('all answer verification requests', async () => {
      const counts = await askVerifiers(90);
      const pids = [...counts.keys()].map((verifier) => Number(verifier.split('-').at(-1)));
      expect(pids.sort()).toEqual([...stack.pidsOf('certificate-verifier')].sort());
      expect(Math.min(...counts.values())).toBeGreaterThan(5);
    });

    it('fail no request when one of them is killed under load', async () => {
      const { key, flow, role } = await change();
      const guarded = await administrator.deployFlow({ role: await administrator.createRole() });
      const strange = await (await TestAuthority.root({ subject: 'CN=Strange' })).leaf({ subject: 'CN=a' });
      expect(role).toBeDefined();
      const senders: Sender[] = [
        senderWithKey(stack, key),
        senderWithKey(stack, key),
        senderWithKey(stack, key),
        senderWithCertificate(stack, strange),
        senderWithoutCertificate(stack),
      ];
      const [allowed, roleless, known, unknown, bare] = senders as [Sender, Sender, Sender, Sender, Sender];
      // None of these but the first is answered from a cache: each asks a verifier.
      await using load = new Load([
        { name: 'allowed', sender: allowed, path: `/http/${flow.id}` },
        { name: 'without the role', sender: roleless, path: `/http/${guarded.id}` },
        { name: 'no such endpoint', sender: known, path: '/http/nowhere' },
        { name: 'unknown CA', sender: unknown, path: `/http/${flow.id}` },
        { name: 'no certificate', sender: bare, path: `/http/${flow.id}` },
      ]);
      await until(() => load.count > 100, { what: 'the load' });
      for (const index of [0, 1]) {
        const before = load.count;
        await killAndAwait('certificate-verifier', index);
        await until(async () => (await askVerifiers(30)).size === verifiers, {
          what: 'answers of all three',
          timeoutMs: 40_000,
        });
        await until(() => load.count > before + 100, { what: 'calls after the kill' });
      }
      const outcomes = await load.end();
      const undecided = await Promise.all(load.decisionIds('503').map((id) => administrator.decision(id)));
      expect(undecided.map(({ checks }) => checks)).toEqual([]);
      expect(outcomes).toEqual({
        allowed: ['200'],
        'without the role': ['403'],
        'no such endpoint': ['404'],
        'unknown CA': ['401'],
        'no certificate': ['401'],
      });
      senders.forEach((sender) => sender.close());
    });
  });

  describe('SIGKILL', () => {
    // While one of these is away, calls of known senders go on; the others stand on the way of every call.
    const callsGoOn = new Set([
      'key-management',
      'authorization',
      'certificate-verifier',
      'message-log',
      'admin-api',
      'postgres',
    ]);

    it.each([
      'key-management',
      'authorization',
      'certificate-verifier',
      'admin-api',
      'flow-runtime',
      'message-log',
      'nats-server',
      'postgres',
    ])(
      'of %s loses nothing that was acknowledged, lets nobody in who is not to be, and the stack starts it again',
      async (name) => {
        const { key, flow, deletedKey } = await change();
        const [good, deleted] = [senderWithKey(stack, key), senderWithKey(stack, deletedKey)];
        expect((await good.send(`/http/${flow.id}`, { body: 'x' })).status).toBe(200);
        await using load = new Load([
          { name: 'key', sender: good, path: `/http/${flow.id}` },
          { name: 'deleted key', sender: deleted, path: `/http/${flow.id}` },
        ]);
        // A call that is under way at the kill may wait for its whole time-out: what goes before tells that calls succeed.
        await until(() => [...load.outcomes.values()].every(({ size }) => size > 0), { what: 'the first answers' });
        await killAndAwait(name);
        await untilEverythingAnswers();
        const outcomes = await load.end();
        good.close();
        deleted.close();
        const notNow = (outcome: string) => outcome === '503' || !/^\d+$/.test(outcome);
        expect((outcomes['key'] ?? []).filter((outcome) => !notNow(outcome))).toEqual(['200']);
        expect((outcomes['deleted key'] ?? []).filter((outcome) => !notNow(outcome))).toEqual(['401']);
        if (callsGoOn.has(name)) expect(outcomes['key']).toEqual(['200']);
        await expectAllThere();
        await change();
      },
    );

    it('of each made no event get lost or come twice', async () => {
      const connection = await connectAsSubscriber(stack);
      const events = await EventSubscription.open(connection, 'afterwards');
      const last = await administrator.createRole();
      await events.next('user-role.created', last);
      for (const { role, key, flow, deletedKey } of acknowledged) {
        const types = (subject: string) => events.of(subject).map(({ event }) => event.type);
        expect(types(role)).toEqual(['dev.sluice.user-role.created.v1']);
        expect(types(key.id)).toEqual(['dev.sluice.service-key.created.v1']);
        expect(types(deletedKey.id)).toEqual([
          'dev.sluice.service-key.created.v1',
          'dev.sluice.service-key.deleted.v1',
        ]);
        expect(types(flow.id)).toEqual(['dev.sluice.flow.deployed.v1']);
      }
      await connection.close();
    });
  });

  describe('its end and its second start', () => {
    it('SIGTERM ends every process, also when it comes twice, says so, and keeps the data', async () => {
      const pids = Object.values(stack.facts.pids).flat();
      expect(pids.length).toBe(10);
      expect(pids.filter(isAlive)).toEqual([...pids]);
      const ended = stack.end('SIGTERM');
      await until(() => stack.output.at(-1)?.includes('ending'), { what: 'the end to begin' });
      process.kill(stack.pid, 'SIGTERM');
      expect(await ended).toEqual({ code: 0, signal: null });
      expect(pids.filter(isAlive)).toEqual([]);
      expect(existsSync(stack.factsFile)).toBe(false);
      expect(stack.output.at(-1)).toMatch(/the data is kept/);
    });

    it('a second start finds keys, flows, roots and logs', async () => {
      const { ports } = stack;
      stack = await LocalStack.start({ home: home.path, ports });
      expect(stack.output.filter((line) => line.startsWith('ready'))).toHaveLength(1);
      expect(stack.pidsOf('certificate-verifier')).toHaveLength(1);
      await expectAllThere();
      await change();
    });

    it('a second stack on the same home is refused in one sentence', async () => {
      const ports = { admin: await freePort(), flow: await freePort() };
      const second = await LocalStack.launch({ home: home.path, ports });
      const { code } = await second.ended;
      expect([code, second.output.length]).toEqual([1, expect.any(Number)]);
      expect(second.output.join('\n')).toMatch(
        /A stack is running on .* already \(process \d+\): end it, or set SLUICE_HOME/,
      );
      expect(existsSync(stack.factsFile)).toBe(true);
      await expectAllThere();
    });

    it('a stack that was itself killed leaves nothing in the way of the next start', async () => {
      const pids = Object.values(stack.facts.pids).flat();
      await stack.end('SIGKILL');
      stack = await LocalStack.start({ home: home.path, ports: stack.ports });
      await until(() => pids.filter(isAlive).length === 0, {
        what: 'the end of the processes of the stack that was killed',
      });
      await expectAllThere();
    });

    it.each([
      ['admin', 'SLUICE_ADMIN_PORT'],
      ['flow', 'SLUICE_FLOW_PORT'],
    ] as const)('a taken %s port is explained in one sentence, with a code that is not 0', async (which, variable) => {
      const occupant = createServer();
      await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
      const address = occupant.address();
      const taken = typeof address === 'object' && address ? address.port : 0;
      const ports = { admin: await freePort(), flow: await freePort(), [which]: taken };
      const second = await LocalStack.launch({ ports });
      const { code } = await second.ended;
      expect(code).toBe(1);
      const lines = second.output.filter((line) => line.trim() !== '');
      expect(lines.filter((line) => line.includes(String(taken)))).toEqual([
        expect.stringMatching(new RegExp(`Port ${taken} is taken: set ${variable} to a free one\\.$`)),
      ]);
      expect(lines.join('\n')).not.toMatch(/\bat .*:\d+:\d+|Error:/);
      expect(lines.some((line) => line.startsWith('ready'))).toBe(false);
      await second.stop();
      await new Promise((resolve) => occupant.close(resolve));
    });

    it.each([
      ['SLUICE_VERIFIERS', '0'],
      ['SLUICE_FLOW_PORT', 'eight'],
    ])('a wrong %s is explained in one sentence', async (variable, value) => {
      const second = await LocalStack.launch({ environment: { [variable]: value } });
      const { code } = await second.ended;
      expect([code, second.output.filter((line) => line.trim() !== '')]).toEqual([
        1,
        [expect.stringMatching(new RegExp(`${variable} must be a whole number`))],
      ]);
      await second.stop();
    });
  });
});
