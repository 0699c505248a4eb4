import { createUserRole, revokeServiceKey, updateServiceInstance } from '@sluice/contracts';
import type { LoadTarget } from '../path/load.js';
import { inParallel, quantile, say, type BenchStack } from '../stack/bench-stack.js';
import { newKey, type NewKey } from '../stack/new-key.js';
import { SenderConnection } from './sender-connection.js';

const otherRole = 'Bench.other';
const aimMs = 50;
const maxWaitMs = 15_000;

interface Change {
  readonly name: string;
  /** The only answer that ends a sender's loop; another one but 200 is an error. */
  readonly denial: string;
  make(stack: BenchStack, sender: Pick<NewKey, 'keyId' | 'instanceId'>): Promise<unknown>;
}

const changes: readonly Change[] = [
  {
    name: 'revocation',
    denial: '401',
    make: (stack, { keyId }) => stack.admin.call(revokeServiceKey, { id: keyId, reason: 'keyCompromise' }),
  },
  {
    name: 'change of role',
    denial: '403',
    make: (stack, { instanceId }) =>
      stack.admin.call(updateServiceInstance, { id: instanceId, parameters: { roles: [otherRole] } }),
  },
];

/**
 * From the 2xx of a change to the first denial on connections that were open before, one to each flow runtime, each
 * sending its next request as soon as the answer is there.
 * @param count of each kind of change, one after another
 */
export async function measureDenials(
  stack: BenchStack,
  targets: readonly Omit<LoadTarget, 'certificate' | 'key'>[],
  count: number,
): Promise<void> {
  await stack.admin.call(createUserRole, { name: otherRole, description: 'is asked by no flow' });
  say(
    `\n${count} changes of each kind, one after another, connections open to ${targets.length} runtimes; milliseconds`,
  );
  say(`${' '.repeat(46)}     p50      p99      max`);
  const row = (name: string, values: readonly number[]) =>
    say(name.padEnd(46) + [0.5, 0.99, 1].map((share) => ` ${quantile(values, share).toFixed(1).padStart(8)}`).join(''));
  for (const change of changes) {
    const denied: number[] = [];
    const served: number[] = [];
    const answers: number[] = [];
    for (const sender of await makeSenders(stack, change.name, count)) {
      const { asked, acknowledged, outcomes } = await once(stack, targets, change, sender);
      answers.push(acknowledged - asked);
      for (const { deniedAt, lastServedSent } of outcomes) {
        denied.push(Math.max(0, deniedAt - acknowledged));
        served.push(Math.max(0, lastServedSent - acknowledged));
      }
    }
    row(`${change.name}: request -> 2xx`, answers);
    row(`${change.name}: 2xx -> first denial`, denied);
    row(`${change.name}: 2xx -> last request let in`, served);
    const p99 = quantile(denied, 0.99);
    say(`aim: p99 from 2xx to the first denial under ${aimMs} ms: ${p99 < aimMs ? 'met' : 'NOT met'}`);
  }
}

/** On `performance.now`. */
interface Outcome {
  readonly deniedAt: number;
  /** When the last request that was still let in was sent. */
  readonly lastServedSent: number;
}

async function once(
  stack: BenchStack,
  targets: readonly Omit<LoadTarget, 'certificate' | 'key'>[],
  change: Change,
  { certificate, key, ...sender }: NewKey,
): Promise<{ asked: number; acknowledged: number; outcomes: readonly Outcome[] }> {
  const open = await Promise.all(targets.map((target) => SenderConnection.open({ ...target, certificate, key })));
  try {
    await Promise.all(open.map(serveAFew));
    const again = (index: number) => {
      const target = targets[index];
      if (!target) throw new Error('There is no such target.');
      return SenderConnection.open({ ...target, certificate, key });
    };
    const loops = Promise.all(
      open.map((connection, index) => untilDenied(connection, change.denial, () => again(index))),
    );
    const asked = performance.now();
    const made = change.make(stack, sender).then(() => performance.now());
    const [acknowledged, outcomes] = await Promise.all([made, loops]);
    if (outcomes.some(({ deniedAt }) => deniedAt < asked)) throw new Error('A sender was denied before the change.');
    return { asked, acknowledged, outcomes };
  } finally {
    for (const connection of open) connection.close();
  }
}

/** So that the change meets a cached permit. */
async function serveAFew(connection: SenderConnection): Promise<void> {
  for (let times = 0; times < 3; times++) {
    const status = await connection.send();
    if (status !== '200') throw new Error(`A sender was answered ${status} before the change.`);
  }
}

/** @param openAnother a connection of the same sender: one that was answered 401 ends with that answer (ADR 29) */
async function untilDenied(
  connection: SenderConnection,
  denial: string,
  openAnother: () => Promise<SenderConnection>,
): Promise<Outcome> {
  const began = performance.now();
  for (let lastServedSent = began; ;) {
    const sent = performance.now();
    const status = await connection.send();
    const deniedAt = performance.now();
    if (status === denial) {
      const next = denial === '401' ? await openAnother() : connection;
      const again = await next.send().finally(() => (next === connection ? undefined : next.close()));
      if (again !== denial) throw new Error(`A sender that was denied was answered ${again} next.`);
      return { deniedAt, lastServedSent };
    }
    if (status !== '200') throw new Error(`A sender was answered ${status}, neither let in nor denied.`);
    if (deniedAt - began > maxWaitMs) throw new Error(`A sender was let in for ${maxWaitMs} ms.`);
    lastServedSent = sent;
  }
}

/** Each with a service instance of its own, whose roles can be changed. */
async function makeSenders(stack: BenchStack, name: string, count: number): Promise<readonly NewKey[]> {
  const senders: NewKey[] = [];
  await inParallel(count, 4, async (index) => {
    senders.push(await newKey(stack.admin, `bench-${name.replaceAll(' ', '-')}-${index}`));
  });
  return senders;
}
