import { rotateServiceKey } from '@sluice/contracts';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { BenchStack, inParallel, quantile, say } from '../stack/bench-stack.js';
import { deployFlow } from '../stack/deploy-flow.js';
import { newInstance, newKey } from '../stack/new-key.js';

interface Credentials {
  readonly certificate: string;
  readonly key: string;
}

const rate = 1_000;
/** Of the requests, how many come on a connection of their own. */
const newConnections = 0.05;
const body = Buffer.alloc(256, 'x');
const closedMeanwhile = 'the kept connection was closed meanwhile';

/** A sender that goes on sending while its key is rotated, and then sends with the new certificate. */
class RotatingSender {
  #agent: Agent;
  sentAgain = 0;

  constructor(
    readonly keyId: string,
    private credentials: Credentials,
    private readonly flow: { readonly url: string; readonly ca: string },
  ) {
    this.#agent = this.#newAgent(true);
  }

  #newAgent(keepAlive: boolean): Agent {
    const { certificate, key } = this.credentials;
    return new Agent({ cert: certificate, key, ca: this.flow.ca, keepAlive, maxSockets: 4, maxCachedSessions: 0 });
  }

  use(credentials: Credentials): void {
    this.credentials = credentials;
    // Requests under way keep their sockets; the old agent is gone with the last of them.
    this.#agent = this.#newAgent(true);
  }

  /**
   * A request that met a kept connection in the moment the server closed it for being idle is sent again, as HTTP clients do
   * (RFC 9112 §9.3.1). @returns the status, or the error's code
   */
  async send(onNewConnection: boolean): Promise<string> {
    const first = await this.#sendOnce(onNewConnection);
    if (first !== closedMeanwhile) return first;
    this.sentAgain++;
    return this.#sendOnce(true);
  }

  #sendOnce(onNewConnection: boolean): Promise<string> {
    const agent = onNewConnection ? this.#newAgent(false) : this.#agent;
    return new Promise((resolve) => {
      const call = request(this.flow.url, { method: 'POST', agent, timeout: 30_000 }, (response) => {
        response.resume();
        response.on('end', () => resolve(String(response.statusCode)));
        response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      });
      call.on('error', (error: NodeJS.ErrnoException) =>
        resolve(call.reusedSocket && error.code === 'ECONNRESET' ? closedMeanwhile : (error.code ?? error.message)),
      );
      call.on('timeout', () => call.destroy(new Error('timeout')));
      call.end(body);
    });
  }
}

/** All keys are rotated, one after another, while their senders send; not one call may fail. */
export async function benchRotation(keys: number, seconds: number): Promise<void> {
  say('starting a stack');
  const stack = await BenchStack.start();
  try {
    await deployFlow(stack.admin, 'bench', 'INFO');
    const flow = { url: `${stack.facts.flowUrl}/http/bench`, ca: readFileSync(stack.facts.serverRootCaFile, 'utf8') };
    const instance = await newInstance(stack.admin, 'bench-rotation');
    const senders: RotatingSender[] = [];
    await inParallel(keys, 4, async (index) => {
      const { keyId, ...credentials } = await newKey(stack.admin, `key-${index}`, instance);
      senders.push(new RotatingSender(keyId, credentials, flow));
    });
    await Promise.all(senders.map((sender) => sender.send(false)));

    const outcomes: Record<string, number> = {};
    const latencies: number[] = [];
    const underWay = new Set<Promise<void>>();
    let sent = 0;
    const send = () => {
      const sender = senders[sent++ % senders.length] as RotatingSender;
      const started = performance.now();
      const call = sender.send(Math.random() < newConnections).then((outcome) => {
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        latencies.push(performance.now() - started);
        underWay.delete(call);
      });
      underWay.add(call);
    };
    const began = performance.now();
    let rotated = 0;
    const rotating = (async () => {
      for (const [index, sender] of senders.entries()) {
        const due = began + (seconds * 1_000 * index) / senders.length;
        await pause(Math.max(0, due - performance.now()));
        const { credentials } = await stack.admin.call(rotateServiceKey, { id: sender.keyId, overlapSeconds: 60 });
        const { certificate, key } = credentials;
        if (certificate === undefined || key === undefined) throw new Error('A successor came without its key.');
        sender.use({ certificate, key });
        rotated++;
      }
    })();
    let done = false;
    const end = () => (done = true);
    // Why it ended is seen where it is awaited, once nothing is sent any more.
    rotating.then(end, end);
    // At the rate, but never more under way than the machine can have: then it is slower, and says so.
    while (!done || performance.now() - began < seconds * 1_000) {
      const due = Math.floor(((performance.now() - began) * rate) / 1_000) - sent;
      for (let count = Math.min(due, 100); count > 0 && underWay.size < 2_000; count--) send();
      await pause(5);
    }
    await rotating;
    await Promise.all(underWay);
    const took = (performance.now() - began) / 1_000;
    const failed = Object.entries(outcomes).filter(([outcome]) => outcome !== '200');
    say(`${rotated} of ${keys} keys rotated in ${took.toFixed(1)} s while their senders sent ${sent} requests`);
    say(`  ${Math.round(sent / took)} requests/s (asked for: ${rate}), ${newConnections * 100}% on new connections`);
    const again = senders.reduce((total, { sentAgain }) => total + sentAgain, 0);
    say(`  ${again} sent again because the server had just closed the idle connection`);
    say(`  p50 ${quantile(latencies, 0.5).toFixed(1)} ms, p99 ${quantile(latencies, 0.99).toFixed(1)} ms`);
    say(
      `  failed calls: ${failed.reduce((total, [, count]) => total + count, 0)} ${failed.length > 0 ? JSON.stringify(Object.fromEntries(failed)) : ''}`,
    );
    if (failed.length > 0) process.exitCode = 1;
  } finally {
    await stack.stop();
  }
}
