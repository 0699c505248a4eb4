import { revokeServiceKey } from '@sluice/contracts';
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { readFileSync } from 'node:fs';
import { BenchStack, inParallel, quantile, say } from '../stack/bench-stack.js';
import { newInstance, newKey } from '../stack/new-key.js';

const durable = 'bench-revoke';
const aimMs = 50;

/** From the 2xx of a revocation to its event at a subscriber's durable consumer, and from the request to both. */
export async function benchRevoke(revocations: number): Promise<void> {
  say('starting a stack');
  const stack = await BenchStack.start();
  try {
    const { natsUrl, subscriber, serverRootCaFile } = stack.facts;
    const connection = await connect({
      servers: natsUrl,
      user: subscriber.user,
      pass: subscriber.password,
      tls: { ca: readFileSync(serverRootCaFile, 'utf8') },
    });
    const instance = await newInstance(stack.admin, 'bench-revoke');
    const keys: string[] = [];
    await inParallel(revocations, 4, async (index) => {
      keys.push((await newKey(stack.admin, `key-${index}`, instance)).keyId);
    });
    const manager = await jetstreamManager(connection, { checkAPI: false });
    await manager.consumers.add('SLUICE_EVENTS', {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.New,
      filter_subject: 'sluice.events.service-key.revoked',
    });
    const arrived = new Map<string, number>();
    const waiting = new Map<string, () => void>();
    const messages = await (await jetstream(connection).consumers.get('SLUICE_EVENTS', durable)).consume();
    const reading = (async () => {
      for await (const message of messages) {
        const { subject } = message.json<{ subject: string }>();
        arrived.set(subject, performance.now());
        waiting.get(subject)?.();
        message.ack();
      }
    })();
    const afterAnswer: number[] = [];
    const answers: number[] = [];
    const events: number[] = [];
    for (const id of keys) {
      const asked = performance.now();
      await stack.admin.call(revokeServiceKey, { id, reason: 'keyCompromise' });
      const answered = performance.now();
      if (!arrived.has(id)) await new Promise<void>((resolve) => waiting.set(id, resolve));
      const event = arrived.get(id) ?? Number.NaN;
      afterAnswer.push(Math.max(0, event - answered));
      answers.push(answered - asked);
      events.push(event - asked);
    }
    messages.stop();
    await reading;
    await connection.close();
    say(`${revocations} revocations, one after another; milliseconds`);
    say('                                     p50      p99      max');
    const row = (name: string, values: readonly number[]) =>
      say(
        [name.padEnd(32), ...[0.5, 0.99, 1].map((share) => quantile(values, share).toFixed(1).padStart(8))].join(' '),
      );
    row('2xx -> event at the consumer', afterAnswer);
    row('request -> 2xx', answers);
    row('request -> event', events);
    const p99 = quantile(afterAnswer, 0.99);
    say(`aim: p99 from 2xx to the event under ${aimMs} ms: ${p99 < aimMs ? 'met' : 'NOT met'}`);
  } finally {
    await stack.stop();
  }
}
