import { freePort, startChildServer } from '@sluice/embedded-servers';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Facts {
  readonly adminUrl: string;
  readonly adminToken: string;
  readonly flowUrl: string;
  readonly serverRootCaFile: string;
  readonly pids: Readonly<Record<string, readonly number[]>>;
}

const root = join(import.meta.dirname, '..', '..', '..', '..');
const senders = 8;
/** So long a runtime is not seen before what it worked on is abandoned, and as long again for the sweep. */
const recoveryMs = 60_000;

/**
 * Kills the flow runtime under load, again and again, and then looks up the entry of every message that was answered.
 * @returns whether each has one and none is left in PROCESSING
 */
export async function killRuntime(kills: number): Promise<boolean> {
  const home = mkdtempSync(join(tmpdir(), 'sluice-kill-'));
  const [adminPort, flowPort] = [await freePort(), await freePort()];
  const say = (text: string) => process.stdout.write(`${text}\n`);
  say('starting a stack');
  const stack = await startChildServer(process.execPath, [join(root, 'tools', 'local-stack', 'dist', 'main.js')], {
    env: {
      ...process.env,
      SLUICE_HOME: home,
      SLUICE_ADMIN_PORT: String(adminPort),
      SLUICE_FLOW_PORT: String(flowPort),
    },
    readyWhen: (line) => line.startsWith('ready'),
    readyTimeoutMs: 120_000,
  });
  try {
    const facts = () => JSON.parse(readFileSync(join(home, 'stack.json'), 'utf8')) as Facts;
    const { certificate, key } = await prepare(facts());
    const load = new AnsweredLoad(facts(), certificate, key);
    for (let kill = 1; kill <= kills; kill++) {
      const before = load.answered.size;
      await waitUntil(() => load.answered.size > before + 200, 120_000, 'answers');
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 200));
      const pid = facts().pids['flow-runtime']?.[0];
      if (pid === undefined) throw new Error('There is no flow runtime to kill.');
      process.kill(pid, 'SIGKILL');
      say(`kill ${kill} of ${kills}: ${load.answered.size} messages were answered so far, ${load.unanswered} were not`);
    }
    const last = load.answered.size;
    await waitUntil(() => load.answered.size > last + 200, 120_000, 'answers after the last kill');
    await load.end();
    return await judge(facts(), load, say);
  } finally {
    await stack.stop('SIGTERM', 30_000);
    rmSync(home, { recursive: true, force: true });
  }
}

async function judge(facts: Facts, load: AnsweredLoad, say: (text: string) => void): Promise<boolean> {
  // What a killed runtime had taken to store is stored by another one once the bus gives it out again.
  const deadline = performance.now() + recoveryMs;
  const missingOf = async () => {
    const logged = await loggedIds(facts);
    return [...load.answered].filter((id) => !logged.has(id));
  };
  const processing = async () =>
    (await admin<{ items: unknown[] }>(facts, 'GET', '/v1/message-processing-logs?status=PROCESSING')).items.length;
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

async function loggedIds(facts: Facts): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let after = ''; ;) {
    const path = `/v1/message-processing-logs?flow=kill&limit=1000${after}`;
    const page = await admin<{ items: { id: string }[]; next?: string }>(facts, 'GET', path);
    for (const { id } of page.items) ids.add(id);
    if (page.next === undefined) return ids;
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}

async function prepare(facts: Facts): Promise<{ certificate: string; key: string }> {
  const instance = await admin<{ id: string }>(facts, 'POST', '/v1/service-instances', { name: 'kill' });
  const made = await admin<{ credentials: { certificate: string; key: string } }>(
    facts,
    'POST',
    `/v1/service-instances/${instance.id}/service-keys`,
    { name: 'kill', parameters: { 'key-type': 'certificate', 'key-algorithm': 'P-256' } },
  );
  await admin(facts, 'PUT', '/v1/flows/kill', {
    name: 'kill',
    sender: { adapter: 'HTTPS', address: '/kill' },
    steps: [{ contentModifier: { headers: { 'X-Seen': '${date:now:yyyy}' } } }],
  });
  return made.credentials;
}

/** Senders that send again as soon as they are answered, and go on when they are not. */
class AnsweredLoad {
  /** Ids of the messages that were answered. */
  readonly answered = new Set<string>();
  unanswered = 0;
  #going = true;
  readonly #agent: Agent;
  readonly #ended: Promise<unknown>;

  constructor(facts: Facts, certificate: string, key: string) {
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

async function admin<T>(facts: Facts, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${facts.adminUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${facts.adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
  return (await response.json()) as T;
}

async function waitUntil(reached: () => boolean, timeoutMs: number, what: string): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!reached()) {
    if (performance.now() > deadline) throw new Error(`There were no more ${what} within ${timeoutMs} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
