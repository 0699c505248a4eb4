import { createServiceKey, createUserRole, revokeServiceKey, updateServiceInstance } from '@sluice/contracts';
import { newToken } from '../path/new-token.js';
import { inParallel, quantile, say, type BenchStack } from '../stack/bench-stack.js';
import { newInstance, newKey } from '../stack/new-key.js';
import { SenderConnection, type SenderTarget } from './sender-connection.js';

const otherRole = 'Bench.other';
const aimMs = 50;
const maxWaitMs = 15_000;

interface Change {
  readonly name: string;
  /** The only answer that ends a sender's loop; another one but 200 is an error. */
  readonly denial: string;
  make(stack: BenchStack, sender: Sender): Promise<unknown>;
}

const ways = ['certificate', 'token'] as const;
type Way = (typeof ways)[number];

interface Sender {
  readonly keyId: string;
  readonly instanceId: string;
  readonly proof: Pick<SenderTarget, 'certificate' | 'key' | 'token'>;
}
type Target = Pick<SenderTarget, 'port' | 'path' | 'serverRoot'>;

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
 * @param count of each kind of change, one after another, of senders by certificate and as many by token
 */
export async function measureDenials(stack: BenchStack, targets: readonly Target[], count: number): Promise<void> {
  await stack.admin.call(createUserRole, { name: otherRole, description: 'is asked by no flow' });
  say(
    `\n${count} changes of each kind, one after another, connections open to ${targets.length} runtimes; milliseconds`,
  );
  say(`${' '.repeat(56)}     p50      p99      max`);
  const row = (name: string, values: readonly number[]) =>
    say(name.padEnd(56) + [0.5, 0.99, 1].map((share) => ` ${quantile(values, share).toFixed(1).padStart(8)}`).join(''));
  for (const way of ways)
    for (const change of changes) {
      const denied: number[] = [];
      const served: number[] = [];
      const answers: number[] = [];
      for (const sender of await makeSenders(stack, targets, change.name, count, way)) {
        const { asked, acknowledged, outcomes } = await once(stack, targets, change, sender);
        answers.push(acknowledged - asked);
        for (const { deniedAt, lastServedSent } of outcomes) {
          denied.push(Math.max(0, deniedAt - acknowledged));
          served.push(Math.max(0, lastServedSent - acknowledged));
        }
      }
      row(`${change.name}, by ${way}: request -> 2xx`, answers);
      row(`${change.name}, by ${way}: 2xx -> first denial`, denied);
      row(`${change.name}, by ${way}: 2xx -> last request let in`, served);
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
  targets: readonly Target[],
  change: Change,
  sender: Sender,
): Promise<{ asked: number; acknowledged: number; outcomes: readonly Outcome[] }> {
  const open = await Promise.all(targets.map((target) => SenderConnection.open({ ...target, ...sender.proof })));
  try {
    await Promise.all(open.map(serveAFew));
    const again = (index: number) => {
      const target = targets[index];
      if (!target) throw new Error('There is no such target.');
      return SenderConnection.open({ ...target, ...sender.proof });
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
async function makeSenders(
  stack: BenchStack,
  targets: readonly Target[],
  change: string,
  count: number,
  way: Way,
): Promise<readonly Sender[]> {
  const senders: Sender[] = [];
  await inParallel(count, 4, async (index) => {
    // Of an instance: at most 32 characters.
    const name = `bench-${way}-${change.split(' ').at(-1)}-${index}`;
    senders.push(
      await (way === 'certificate' ? senderByCertificate(stack, name) : senderByToken(stack, targets, name)),
    );
  });
  return senders;
}

async function senderByCertificate(stack: BenchStack, name: string): Promise<Sender> {
  const { keyId, instanceId, ...proof } = await newKey(stack.admin, name);
  return { keyId, instanceId, proof };
}

async function senderByToken(stack: BenchStack, [target]: readonly Target[], name: string): Promise<Sender> {
  if (!target) throw new Error('The stack has no flow runtime.');
  const instanceId = await newInstance(stack.admin, name);
  const made = await stack.admin.call(createServiceKey, {
    serviceInstanceId: instanceId,
    name,
    parameters: { 'key-type': 'client_secret' },
  });
  const { clientid: clientId = '', clientsecret: clientSecret = '' } = made.credentials;
  const { port, serverRoot } = target;
  const token = await newToken({ port, serverRoot, secret: { clientId, clientSecret } });
  return { keyId: made.id, instanceId, proof: { token } };
}
