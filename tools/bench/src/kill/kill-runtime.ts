import type { AdminClient } from '@sluice/admin-client';
import { listMessageProcessingLogs } from '@sluice/contracts';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { BenchStack, say, type Facts } from '../stack/bench-stack.js';
import { deployFlow } from '../stack/deploy-flow.js';
import { newKey, type NewKey } from '../stack/new-key.js';

const senders = 8;
/** So long a runtime is not seen before what it worked on is abandoned, and as long again for the sweep. */
const recoveryMs = 60_000;

/**
 * Kills the flow runtime under load, again and again, and then looks up the entry of every message that was answered.
 * @returns whether each has one and none is left in PROCESSING
 */
export async function killRuntime(kills: number): Promise<boolean> {
  say('starting a stack');
  const stack = await BenchStack.start();
  try {
    const sender = await newKey(stack.admin, 'kill');
    await deployFlow(stack.admin, 'kill', 'INFO', [{ contentModifier: { headers: { 'X-Seen': '${date:now:yyyy}' } } }]);
    const load = new AnsweredLoad(stack.facts, sender);
    for (let kill = 1; kill <= kills; kill++) {
      const before = load.answered.size;
      await waitUntil(() => load.answered.size > before + 200, 120_000, 'answers');
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 200));
      const pid = stack.factsNow().pids['flow-runtime']?.[0];
      if (pid === undefined) throw new Error('There is no flow runtime to kill.');
      process.kill(pid, 'SIGKILL');
      say(`kill ${kill} of ${kills}: ${load.answered.size} messages were answered so far, ${load.unanswered} were not`);
    }
    const last = load.answered.size;
    await waitUntil(() => load.answered.size > last + 200, 120_000, 'answers after the last kill');
    await load.end();
    return await judge(stack.admin, load);
  } finally {
    await stack.stop();
  }
}

async function judge(admin: AdminClient, load: AnsweredLoad): Promise<boolean> {
  // What a killed runtime had taken to store is stored by another one once the bus gives it out again.
  const deadline = performance.now() + recoveryMs;
  const missingOf = async () => {
    const logged = await loggedIds(admin);
    return [...load.answered].filter((id) => !logged.has(id));
  };
  const processing = async () => (await admin.call(listMessageProcessingLogs, { status: 'PROCESSING' })).items.length;
  const began = performance.now();
  let missing = await missingOf();
  let stuck = await processing();
  while ((missing.length > 0 || stuck > 0) && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    missing = await missingOf();
    stuck = await processing();
  }
  say(`answered with an id      ${load.answered.size}`);
  say(`of them without an entry ${missing.length}${missing.length > 0 ? `: ${missing.slice(0, 5).join(' ')} …` : ''}`);
  say(`connections cut          ${load.unanswered}`);
  say(`left in PROCESSING       ${stuck}`);
  say(`all in Postgres after    ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  return missing.length === 0 && stuck === 0 && load.answered.size > 0;
}

async function loggedIds(admin: AdminClient): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const { id } of admin.list(listMessageProcessingLogs, { flow: 'kill' })) ids.add(id);
  return ids;
}

/** Senders that send again as soon as they are answered, and go on when they are not. */
class AnsweredLoad {
  /** Ids of the messages that were answered. */
  readonly answered = new Set<string>();
  unanswered = 0;
  #going = true;
  readonly #agent: Agent;
  readonly #ended: Promise<unknown>;

  constructor(facts: Facts, { certificate, key }: NewKey) {
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: senders,
      ca: readFileSync(facts.serverRootCaFile, 'utf8'),
      cert: certificate,
      key,
    });
    this.#ended = Promise.all(Array.from({ length: senders }, () => this.#repeat(`${facts.flowUrl}/http/kill`)));
  }

  async end(): Promise<void> {
    this.#going = false;
    await this.#ended;
    this.#agent.destroy();
  }

  async #repeat(url: string): Promise<void> {
    while (this.#going) {
      try {
        const id = await this.#send(url);
        if (id !== undefined) this.answered.add(id);
      } catch {
        // It was killed: that is what this is about.
        this.unanswered++;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** @returns the id of the message, if the answer has one; a 503 has none */
  #send(url: string): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', agent: this.#agent, timeout: 10_000 }, (response) => {
        response.resume();
        response.once('error', reject);
        response.once('end', () => {
          const id = response.headers['sap_messageprocessinglogid'];
          resolve(typeof id === 'string' ? id : undefined);
        });
      });
      sent.once('error', reject);
      sent.once('timeout', () => sent.destroy(new Error('no answer')));
      sent.end('x');
    });
  }
}

async function waitUntil(reached: () => boolean, timeoutMs: number, what: string): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!reached()) {
    if (performance.now() > deadline) throw new Error(`There were no more ${what} within ${timeoutMs} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
