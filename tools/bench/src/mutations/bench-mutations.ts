import { AdminApiError } from '@sluice/admin-client';
import { checkArtifact, putFlow } from '@sluice/contracts';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { BenchStack, inParallel, quantile, say } from '../stack/bench-stack.js';
import { metric } from '../stack/metric.js';
import { newKey } from '../stack/new-key.js';
import { bodyKinds, definitionKinds, type BodyKind, type DefinitionKind } from './corpus.js';
import { generator, mutated } from './mutate.js';

const senders = 8;
/** Of ten mutants two are definitions that are checked, and one a definition that is deployed. */
const [checked, deployed] = [2, 1];
const flowIds = 8;
const lookEveryMs = 1_000;

/**
 * Sends so many mutants of real bodies and definitions through a started runtime.
 * @returns whether each was answered, nothing ended, and the thread that admits requests never worked for 100 ms on end
 */
export async function benchMutations(count: number, seed: number): Promise<boolean> {
  say(`starting a stack; seed ${seed}`);
  const stack = await BenchStack.start();
  try {
    const mutants = new Mutants(stack, seed, await newKey(stack.admin, 'mutations'));
    for (const kind of bodyKinds) await mutants.deployFor(kind);
    const [runtime] = stack.facts.pids['flow-runtime'] ?? [];
    const [health = ''] = stack.facts.health['flow-runtime'] ?? [];
    const watch = new Watch(health, () => mutants.begun);
    await inParallel(count, senders, (index) => mutants.send(index));
    const { stalls, ends } = await watch.end();
    const alive = stack.factsNow().pids['flow-runtime']?.[0] === runtime;
    mutants.tell();
    say(`stalls of 100 ms and more   ${JSON.stringify(stalls)} by what the thread did in them`);
    say(`workers ended               ${JSON.stringify(ends)}`);
    if (!alive) say('THE RUNTIME ENDED');
    return alive && stalls['work'] === 0 && ends['ended'] === 0 && mutants.unanswered.length === 0;
  } finally {
    await stack.stop();
  }
}

class Mutants {
  /** The number of the one that was begun last. */
  begun = 0;
  /** Numbers of those that got no answer, or one that names a fault of ours. */
  readonly unanswered: string[] = [];
  readonly #answers = new Map<string, Record<string, number>>();
  readonly #took: number[] = [];
  readonly #agent: Agent;

  constructor(
    private readonly stack: BenchStack,
    private readonly seed: number,
    { certificate, key }: { readonly certificate: string; readonly key: string },
  ) {
    const ca = readFileSync(stack.facts.serverRootCaFile, 'utf8');
    this.#agent = new Agent({ keepAlive: true, maxSockets: senders, ca, cert: certificate, key });
  }

  async deployFor({ name, sender, steps, more }: BodyKind): Promise<void> {
    const definition = { name, sender: { adapter: 'HTTPS', address: `/${name}`, ...sender }, steps, ...more };
    await this.stack.admin.send(
      putFlow,
      { id: name },
      { content: JSON.stringify(definition), mediaType: 'application/json' },
    );
  }

  /** Each by its own random numbers, so that one can be made again without those before it. */
  async send(index: number): Promise<void> {
    this.begun = Math.max(this.begun, index);
    const random = generator(this.seed + index);
    const oneOf = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T;
    const turn = index % 10;
    const began = performance.now();
    let what: string;
    let answer: string;
    if (turn >= checked + deployed) {
      const kind = oneOf(bodyKinds);
      what = `body ${kind.name}`;
      answer = await this.#call(kind, mutated(kind.body, random));
    } else {
      const kind = oneOf(definitionKinds);
      const content = new Uint8Array(mutated(kind.content, random));
      what = `${turn < checked ? 'check' : 'deploy'} ${kind.mediaType}`;
      answer = await (turn < checked ? this.#check(kind, content) : this.#deploy(kind, content, index));
    }
    this.#took.push(performance.now() - began);
    const answers = this.#answers.get(what) ?? {};
    answers[answer] = (answers[answer] ?? 0) + 1;
    this.#answers.set(what, answers);
    // 500 of a message says what its flow failed of; of the admin API nothing but a fault does.
    if (!/^\d+$/.test(answer) || (answer === '500' && !what.startsWith('body')) || answer === '503')
      this.unanswered.push(`${index} (${what}): ${answer}`);
  }

  tell(): void {
    const kinds = [...this.#answers].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [what, answers] of kinds) say(`${what.padEnd(28)}${JSON.stringify(answers)}`);
    say(
      `milliseconds until the answer  p50 ${quantile(this.#took, 0.5).toFixed(0)}, p99 ${quantile(this.#took, 0.99).toFixed(0)}, longest ${quantile(this.#took, 1).toFixed(0)}`,
    );
    say(`without a proper answer     ${this.unanswered.length}`);
    for (const one of this.unanswered.slice(0, 20)) say(`  ${one}`);
  }

  async #check({ mediaType }: DefinitionKind, content: Uint8Array<ArrayBuffer>): Promise<string> {
    try {
      const { flows } = await this.stack.admin.send(checkArtifact, {}, { content, mediaType });
      const silent = flows.some(({ verdict, problems }) => verdict === 'refused' && problems.length === 0);
      return silent ? 'refused without a reason' : '200';
    } catch (error) {
      return statusOf(error);
    }
  }

  async #deploy({ mediaType }: DefinitionKind, content: Uint8Array<ArrayBuffer>, index: number): Promise<string> {
    try {
      await this.stack.admin.send(putFlow, { id: `mutant-${index % flowIds}` }, { content, mediaType });
      return '200';
    } catch (error) {
      return statusOf(error);
    }
  }

  #call({ name, headers }: BodyKind, body: Buffer): Promise<string> {
    return new Promise((resolve) => {
      const sent = request(
        `${this.stack.facts.flowUrl}/http/${name}`,
        { method: 'POST', agent: this.#agent, timeout: 60_000, headers: { ...headers, 'content-length': body.length } },
        (response) => {
          response.resume();
          response.on('end', () => resolve(String(response.statusCode)));
          response.on('error', (error) => resolve(error.message));
        },
      );
      sent.on('timeout', () => sent.destroy(new Error('no answer in 60 s')));
      sent.on('error', (error) => resolve(error.message));
      sent.end(body);
    });
  }
}

function statusOf(error: unknown): string {
  if (error instanceof AdminApiError) return String(error.status);
  return error instanceof Error ? error.message : String(error);
}

type ByLabel = Readonly<Record<string, number>>;

/** Looks at the metrics of the runtime while mutants come, to say among which ones something happened. */
class Watch {
  #seen: { stalls: ByLabel; ends: ByLabel } = { stalls: {}, ends: {} };
  #ended = false;
  #last = 0;
  readonly #done: Promise<void>;

  constructor(
    private readonly url: string,
    private readonly begun: () => number,
  ) {
    this.#done = this.#loop();
  }

  async end(): Promise<{ stalls: ByLabel; ends: ByLabel }> {
    this.#ended = true;
    await this.#done;
    return this.#seen;
  }

  async #loop(): Promise<void> {
    let before = await this.#look();
    for (;;) {
      const last = this.#ended;
      if (!last) await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
      const now = await this.#look();
      const more = (which: 'stalls' | 'ends', label: string) => (now[which][label] ?? 0) > (before[which][label] ?? 0);
      if (more('stalls', 'work')) say(`a stall among ${this.#last - senders} to ${this.begun()}`);
      if (more('ends', 'ended')) say(`a worker ended by itself among ${this.#last - senders} to ${this.begun()}`);
      this.#last = this.begun();
      before = now;
      this.#seen = {
        stalls: difference(now.stalls, this.#first.stalls),
        ends: difference(now.ends, this.#first.ends),
      };
      if (last) return;
    }
  }

  #first: { stalls: ByLabel; ends: ByLabel } = { stalls: {}, ends: {} };

  async #look(): Promise<{ stalls: ByLabel; ends: ByLabel }> {
    const [stalls, ends] = await Promise.all([
      metric(this.url, 'sluice_event_loop_stalls_total', 'cause'),
      metric(this.url, 'sluice_flow_worker_ends_total', 'reason'),
    ]);
    if (Object.keys(this.#first.stalls).length === 0) this.#first = { stalls, ends };
    return { stalls, ends };
  }
}

function difference(now: ByLabel, before: ByLabel): ByLabel {
  return Object.fromEntries(Object.entries(now).map(([label, value]) => [label, value - (before[label] ?? 0)]));
}
