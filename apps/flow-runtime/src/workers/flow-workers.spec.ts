import { afterAll, describe, expect, it } from '@jest/globals';
import {
  FlowProcessingError,
  Message,
  readFlowDefinition,
  type FlowPorts,
  type HttpRequest,
  type HttpResponse,
} from '@sluice/flow-engine';
import { until } from '@sluice/testing';
import type { FlowWorkers } from './flow-workers.js';
import { testWorkers } from './testing/programs.js';
import { packMessage } from './pack-message.js';
import type { WorkerFlow, WorkerOutcome } from './worker-task.js';

const started: FlowWorkers[] = [];
afterAll(() => {
  for (const workers of started) workers.stop();
});

function start(more: Parameters<typeof testWorkers>[0] = {}): FlowWorkers {
  const workers = testWorkers(more);
  started.push(workers);
  return workers;
}

let flows = 0;
/** @param steps YAML, a step a line */
function flow(steps: string, more = ''): WorkerFlow {
  const { definition } = readFlowDefinition({
    mediaType: 'application/yaml',
    content: Buffer.from(
      `name: f\nsender: {adapter: ProcessDirect, address: /f}\nsteps:\n${steps.replace(/^/gm, '  - ')}\n${more}`,
    ),
  });
  return { name: `f@${++flows}`, definition: Buffer.from(JSON.stringify(definition)) };
}

const filter = 'filter: {xpath: /a/b}';
const call = 'requestReply: {adapter: HTTP, address: "http://receiver.invalid/${header.n}", method: POST}';
/** Never comes to its end by itself. */
const endless = flow(
  'processCall: {process: p, loop: {while: "true = true", maximumIterations: 99999}}',
  `processes:
  p: {steps: [{filter: {xpath: "count(for $x in 1 to 1000000 return $x)", resultType: Number}}, {contentModifier: {body: <a/>}}]}
`,
);
/** Doubles its body until there is no memory for it. */
const greedy = flow(
  'processCall: {process: p, loop: {while: "true = true", maximumIterations: 99999}}',
  `processes:
  p: {steps: [{contentModifier: {properties: {"p\${property.CamelLoopIndex}": "x"}, body: "\${body}\${body}"}}, {encode: {encoding: Base64}}]}
`,
);

interface Sent {
  readonly owner?: string;
  readonly body?: string | Uint8Array;
  readonly header?: string;
  readonly ports?: Partial<FlowPorts>;
  readonly deadline?: number;
}

function send(
  workers: FlowWorkers,
  to: WorkerFlow,
  { owner = 'shop', body = '<a/>', header = '1', ports, deadline }: Sent = {},
) {
  const parts: Uint8Array[] = [];
  const message = packMessage(new Message({ headers: [['n', header]], body }), parts);
  const { senders } = JSON.parse(Buffer.from(to.definition).toString()) as { senders: { id: string }[] };
  return workers.run({
    flow: to,
    run: {
      flow: to.name,
      owner,
      channel: senders[0]?.id ?? '',
      messageId: 'm',
      callDepth: 0,
      deadline: deadline ?? Date.now() + 60_000,
      payloads: true,
      input: { kind: 'message', message },
    },
    parts,
    ports: { now: () => Date.now(), newId: () => 'id', ...ports },
  });
}

const statusOf = ({ what }: WorkerOutcome) => ('logged' in what ? what.logged.status : what.kind);
const errorOf = ({ what }: WorkerOutcome) =>
  'logged' in what ? what.logged.error?.message : 'error' in what ? what.error.message : undefined;
const bodyOf = ({ parts }: WorkerOutcome) => Buffer.from(parts[0] ?? []).toString();

/** A receiver that answers when it is told to. */
class Receiver {
  readonly requests: HttpRequest[] = [];
  readonly #waiting: ((response: HttpResponse) => void)[] = [];

  readonly http = {
    send: (request: HttpRequest) => {
      this.requests.push(request);
      return new Promise<HttpResponse>((resolve) => this.#waiting.push(resolve));
    },
  };

  answer(body = 'answer'): void {
    for (const resolve of this.#waiting.splice(0)) resolve({ status: 200, headers: {}, body: Buffer.from(body) });
  }

  async asked(count: number): Promise<void> {
    await until(() => this.requests.length === count, { what: `${count} requests at the receiver` });
  }
}

const filterThenCall = flow(`${filter}\n${call}`);

describe('a message in a worker', () => {
  it('runs its flow, asks the runtime for effects, and comes back with what came of it', async () => {
    const receiver = new Receiver();
    const outcome = send(start(), filterThenCall, { body: '<a><b>ü</b></a>', ports: { http: receiver.http } });
    await receiver.asked(1);
    receiver.answer();
    expect([statusOf(await outcome), bodyOf(await outcome)]).toEqual(['COMPLETED', 'answer']);
    expect(
      receiver.requests.map(({ method, url, body }) => [method, url, Buffer.from(body as Uint8Array).toString()]),
    ).toEqual([['POST', 'http://receiver.invalid/1', '<b>ü</b>']]);
  });

  it('keeps octets and texts as they are, and goes on after an error of an effect as its flow says', async () => {
    const http = {
      send: () => Promise.reject(new FlowProcessingError('receiver-failed', 'no', { responseCode: 418 })),
    };
    const handled = flow(`${filter}\n${call}`, 'onException: [{contentModifier: {body: "${exception.message}"}}]\n');
    const outcome = await send(start(), handled, { body: '<a><b/></a>', ports: { http } });
    expect([statusOf(outcome), bodyOf(outcome)]).toEqual(['COMPLETED', 'no']);
    const octets = Buffer.from([0, 255, 128, 0]);
    const same = await send(start(), flow('encode: {encoding: Base64}\ndecode: {encoding: Base64}'), { body: octets });
    expect(Buffer.from(same.parts[0] ?? [])).toEqual(octets);
  });

  it('that uses more CPU time than it may fails alone, and its worker is replaced', async () => {
    const workers = start({ cpuMs: 300 });
    expect(errorOf(await send(workers, endless))).toContain('more than 300 ms of CPU time');
    await until(() => workers.statistics.processes === 2, { what: 'another worker' });
    expect(workers.statistics.ends).toMatchObject({ cpu: 1, ended: 0 });
    expect(statusOf(await send(workers, flow(filter), { body: '<a><b/></a>' }))).toBe('COMPLETED');
  });

  it('that uses more memory than it may fails alone', async () => {
    const workers = start({ memoryMb: 64 });
    expect(errorOf(await send(workers, greedy, { body: 'x'.repeat(100_000) }))).toMatch(/more than 64 MB|characters/);
    expect(statusOf(await send(workers, flow(filter), { body: '<a><b/></a>' }))).toBe('COMPLETED');
  });

  it('that is not done at its deadline is ended, whatever it does', async () => {
    const workers = start();
    const stuck = flow('filter: {xpath: "count(for $x in 1 to 9000000 return $x)", resultType: Number}');
    expect(errorOf(await send(workers, stuck, { deadline: Date.now() - 1_000 }))).toBeDefined();
  });

  it('that waits for an effect is not harmed by another that is ended, and has no effect twice', async () => {
    const workers = start({ processes: 1, cpuMs: 300 });
    const receiver = new Receiver();
    const waiting = send(workers, filterThenCall, { body: '<a><b/></a>', ports: { http: receiver.http } });
    await receiver.asked(1);
    expect(errorOf(await send(workers, endless, { owner: 'other' }))).toContain('CPU');
    receiver.answer();
    expect([statusOf(await waiting), bodyOf(await waiting)]).toEqual(['COMPLETED', 'answer']);
    expect(receiver.requests).toHaveLength(1);
  });

  it('that waits with much memory is the one that fails for it, not the small one whose turn it is', async () => {
    const workers = start({ processes: 1, memoryMb: 96 });
    const receiver = new Receiver();
    const large = flow(`filter: {xpath: "/rs"}\n${call}`);
    const body = `<rs>${'<r><id>1</id></r>'.repeat(60_000)}</rs>`;
    const waiting = [1, 2, 3, 4].map((n) =>
      send(workers, large, { body, header: String(n), owner: `large ${n}`, ports: { http: receiver.http } }),
    );
    const failed = await Promise.race(waiting);
    expect(errorOf(failed)).toContain('more than 96 MB of memory');
    expect(statusOf(await send(workers, flow(filter), { body: '<a><b/></a>', owner: 'small' }))).toBe('COMPLETED');
    receiver.answer();
    const answering = setInterval(() => receiver.answer(), 20);
    await Promise.all(waiting);
    clearInterval(answering);
  });

  it('finds the flow again that its worker had to forget for others', async () => {
    const workers = start({ processes: 1 });
    const large = (n: number) => flow(filter, `resources: {a.txt: "${String(n).repeat(1_500_000)}"}\n`);
    const flowsOfWorker = [1, 2, 3, 4, 5, 6, 7, 8].map(large);
    for (const one of [...flowsOfWorker, ...flowsOfWorker])
      expect(statusOf(await send(workers, one, { body: '<a><b/></a>' }))).toBe('COMPLETED');
  });

  it('whose worker is killed from outside is begun again once, with the answers it had', async () => {
    const faults: unknown[] = [];
    const workers = start({ processes: 1, onFault: (error) => void faults.push(error) });
    const receiver = new Receiver();
    const twice = flow(`${filter}\n${call}\n${call}`);
    const outcome = send(workers, twice, { body: '<a><b/></a>', ports: { http: receiver.http } });
    await receiver.asked(1);
    receiver.answer('first');
    await receiver.asked(2);
    for (const pid of workers.pids) process.kill(pid, 'SIGKILL');
    await until(() => faults.length === 1, { what: 'the end of the worker' });
    receiver.answer('second');
    expect([statusOf(await outcome), bodyOf(await outcome)]).toEqual(['COMPLETED', 'second']);
    expect(receiver.requests.map(({ body }) => Buffer.from(body as Uint8Array).toString())).toEqual(['<b/>', 'first']);
  });

  it('that is begun again gives each of its parts the answers of that part, though all call one address', async () => {
    const workers = start({ processes: 1 });
    const waiting = new Map<string, () => void>();
    const http = {
      send: (request: HttpRequest) => {
        const body = Buffer.from(request.body as Uint8Array).toString();
        return new Promise<HttpResponse>((resolve) =>
          waiting.set(body, () =>
            resolve({ status: 200, headers: {}, body: Buffer.from(`<b>${/\d/.exec(body)?.[0]}${body.length}</b>`) }),
          ),
        );
      },
    };
    const answer = async (body: string) => {
      await until(() => waiting.has(body), { what: `the call with ${body}` });
      waiting.get(body)?.();
    };
    const parallel = flow(
      `splitter: {type: iterating, xpath: /a/b, parallel: true, concurrency: 2, steps: [{${call}}, {${call}}], gather: {strategy: concatenate, messageFormat: plainText}}`,
    );
    const outcome = send(workers, parallel, { body: '<a><b>1</b><b>2</b></a>', ports: { http } });
    // The second part is done before the first has made its second call.
    await answer('<b>2</b>');
    await answer('<b>28</b>');
    await answer('<b>1</b>');
    await until(() => waiting.has('<b>18</b>'), { what: 'the last call' });
    for (const pid of workers.pids) process.kill(pid, 'SIGKILL');
    await answer('<b>18</b>');
    expect([statusOf(await outcome), bodyOf(await outcome)]).toEqual(['COMPLETED', '<b>19</b><b>29</b>']);
    expect(waiting.size).toBe(4);
  });

  it('of one owner waits for no other owner who sent a hundred', async () => {
    const workers = start({ processes: 2 });
    const done: string[] = [];
    const slow = flow('filter: {xpath: "count(for $x in 1 to 100000 return $x)", resultType: Number}');
    const many = Array.from({ length: 100 }, () =>
      send(workers, slow, { owner: 'many' }).then(() => void done.push('many')),
    );
    const one = send(workers, slow, { owner: 'one' }).then(() => void done.push('one'));
    await Promise.all([...many, one]);
    expect(done.indexOf('one')).toBeLessThan(50);
  });

  it('that asks for an effect with more than half a megabyte beside its body gets none, and fails', async () => {
    const receiver = new Receiver();
    const doubling = 'contentModifier: {headers: {n: "${header.n}${header.n}"}}';
    const steps = [filter, ...Array<string>(14).fill(doubling), call].join('\n');
    const outcome = await send(start(), flow(steps), {
      body: '<a><b/></a>',
      header: 'x'.repeat(100),
      ports: { http: receiver.http },
    });
    expect(errorOf(outcome)).toContain('beside the body');
    expect(receiver.requests).toEqual([]);
  });

  it('is not needed to tell that its flow cannot be compiled; that a runtime is ending says nothing of a flow', async () => {
    const { definition } = flow(filter);
    const broken = Buffer.from(Buffer.from(definition).toString().replace('/a/b', '/a['));
    const workers = start();
    expect(await workers.prepare({ name: 'broken', definition: broken })).toContain('/a[');
    workers.stop();
    expect(await workers.prepare({ name: 'broken', definition: broken })).toBeUndefined();
  });

  it('of a flow that cannot be compiled fails and says why', async () => {
    const { definition } = flow(filter);
    const broken = Buffer.from(Buffer.from(definition).toString().replace('/a/b', '/a['));
    const workers = start();
    expect(errorOf(await send(workers, { name: 'broken', definition: broken }))).toContain('/a[');
  });
});
