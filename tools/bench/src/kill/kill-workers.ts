import type { AdminClient } from '@sluice/admin-client';
import { listMessageProcessingLogs, putFlow } from '@sluice/contracts';
import { BenchStack, say } from '../stack/bench-stack.js';
import { newKey } from '../stack/new-key.js';
import { CountingReceiver } from './counting-receiver.js';
import { NumberedLoad } from './numbered-load.js';
import { workersOf } from './workers-of.js';

const sendersOfEach = 4;
/** Between two kills, so that no message is there at both. */
const answersBetween = 100;
/** So long a runtime is not seen before what it worked on is abandoned, and as long again for the sweep. */
const recoveryMs = 60_000;
const calls = ['first', 'second'];

/**
 * Kills workers of the flow runtime under load, again and again, and then the runtime itself. Each message is converted in a worker, calls a
 * receiver, is converted and calls again; the receiver counts.
 * @returns whether every answered message has its entry with that outcome, and nothing ran twice; and whether the ends of workers alone harmed nobody
 */
export async function killWorkers(kills: number): Promise<boolean> {
  say('starting a stack');
  const stack = await BenchStack.start();
  const payload = Buffer.from(JSON.stringify({ r: Array.from({ length: 400 }, (_, n) => ({ n, text: 'some text' })) }));
  const receiver = await CountingReceiver.start(payload, 'application/json', 10);
  try {
    await stack.admin.send(
      putFlow,
      { id: 'kill' },
      { content: JSON.stringify(flowThatCalls(receiver.url)), mediaType: 'application/json' },
    );
    const keys = [await newKey(stack.admin, 'one'), await newKey(stack.admin, 'two')];
    const load = new NumberedLoad(stack.facts, keys, '/http/kill', payload, sendersOfEach);
    const runtime = () => {
      const pid = stack.factsNow().pids['flow-runtime']?.[0];
      if (pid === undefined) throw new Error('There is no flow runtime to kill.');
      return pid;
    };
    const afterMore = async (what: string) => {
      const before = load.answered.size;
      await waitUntil(() => load.answered.size > before + answersBetween, 120_000, `answers after ${what}`);
      await pause(Math.random() * 100);
    };

    await afterMore('the start');
    load.longestGapMs = 0;
    const before = runtime();
    for (let kill = 1; kill <= kills; kill++) {
      const workers = workersOf(before);
      const worker = workers[Math.floor(Math.random() * workers.length)];
      if (worker === undefined) throw new Error('There is no worker to kill.');
      process.kill(worker, 'SIGKILL');
      await afterMore('the end of a worker');
    }
    const failed = [...load.answered.values()].filter(({ status }) => status !== 200).length;
    const harmed = failed + load.unanswered + Object.keys(load.refused).length;
    say(
      `workers killed           ${kills}: ${load.answered.size} answered, ${failed} of them not by 200, ${load.unanswered} cut, refused ${JSON.stringify(load.refused)}, longest time without an answer ${load.longestGapMs.toFixed(0)} ms`,
    );
    const alive = runtime() === before;
    if (!alive) say('THE RUNTIME ENDED with a worker');

    const orphans = new Set<number>();
    for (let kill = 1; kill <= kills; kill++) {
      const pid = runtime();
      for (const worker of workersOf(pid)) orphans.add(worker);
      process.kill(pid, 'SIGKILL');
      await afterMore('the end of the runtime');
    }
    say(
      `runtimes killed          ${kills}: ${load.answered.size} answered in all, ${load.unanswered} cut, refused ${JSON.stringify(load.refused)}`,
    );
    await load.end();
    const left = [...orphans].filter(isAlive);
    if (left.length > 0) say(`WORKERS LEFT of runtimes that ended: ${left.join(' ')}`);
    return (await judge(stack.admin, load, receiver)) && harmed === 0 && alive && left.length === 0;
  } finally {
    await receiver.stop();
    await stack.stop();
  }
}

function flowThatCalls(url: string) {
  const call = (path: string) => ({
    requestReply: { adapter: 'HTTP', address: `${url}/${path}/\${header.X-Number}`, method: 'POST' },
  });
  return {
    name: 'kill',
    sender: { adapter: 'HTTPS', address: '/kill', allowedHeaders: ['X-Number'] },
    steps: calls.flatMap((path) => [{ jsonToXml: { rootElement: 'root' } }, call(path)]),
    log: { level: 'INFO' },
  };
}

async function judge(admin: AdminClient, load: NumberedLoad, receiver: CountingReceiver): Promise<boolean> {
  const began = performance.now();
  // What a killed runtime had taken to store is stored by another one once the bus gives it out again.
  const deadline = began + recoveryMs;
  let wrong: string[];
  let stuck: number;
  for (;;) {
    const logged = await statusesOf(admin);
    wrong = [...load.answered]
      .filter(([id, { status }]) => logged.get(id) !== (status === 200 ? 'COMPLETED' : 'FAILED'))
      .map(([id]) => id);
    stuck = [...logged.values()].filter((status) => status === 'PROCESSING').length;
    if ((wrong.length === 0 && stuck === 0) || performance.now() > deadline) break;
    await pause(1_000);
  }
  // Who was answered well had each call, once; who was not, none twice.
  const incomplete = [...load.answered.values()].filter(
    ({ number, status }) => status === 200 && calls.some((path) => receiver.of(`/${path}/${number}`) !== 1),
  );
  const { repeated, total } = receiver;
  say(`answered with an id      ${load.answered.size}`);
  say(
    `of them without an entry of that outcome ${wrong.length}${wrong.length > 0 ? `: ${wrong.slice(0, 5).join(' ')} …` : ''}`,
  );
  say(`left in PROCESSING       ${stuck}`);
  say(
    `calls at the receiver    ${total}; twice ${repeated.length}; answered without all of theirs ${incomplete.length}`,
  );
  say(`all in Postgres after    ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  return wrong.length === 0 && stuck === 0 && repeated.length === 0 && incomplete.length === 0;
}

async function statusesOf(admin: AdminClient): Promise<Map<string, string>> {
  const statuses = new Map<string, string>();
  for await (const { id, status } of admin.list(listMessageProcessingLogs, { flow: 'kill' })) statuses.set(id, status);
  return statuses;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function waitUntil(reached: () => boolean, timeoutMs: number, what: string): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!reached()) {
    if (performance.now() > deadline) throw new Error(`There were no ${what} within ${timeoutMs} ms.`);
    await pause(20);
  }
}
