/**
 * A subscriber with an identity of its own, from anywhere the bus can be reached. It prints the events from where it stopped
 * the last time.
 *
 *   node examples/follow-events/main.mjs NATS_URL SERVER_ROOT_FILE SUBSCRIBER_NAME SEED_FILE [COUNT]
 *
 * With COUNT it ends after so many events.
 */
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, nkeyAuthenticator } from '@nats-io/transport-node';
import { readFileSync } from 'node:fs';

const [servers, caFile, name, seedFile, count = 'Infinity'] = process.argv.slice(2);
if (!seedFile) {
  console.error('Usage: main.mjs NATS_URL SERVER_ROOT_FILE SUBSCRIBER_NAME SEED_FILE [COUNT]');
  process.exit(2);
}
const seed = readFileSync(seedFile, 'utf8').trim();
const bus = await connect({
  servers: servers.split(','),
  tls: { caFile },
  authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
  inboxPrefix: `_INBOX_${name}`, // Answers come there and nowhere else.
  waitOnFirstConnect: true, // The bus may be away for as long as it likes,
  maxReconnectAttempts: -1,
  ignoreAuthErrorAbort: true, // and so may be who decides on subscribers: until it is back, the server refuses.
});
const manager = await jetstreamManager(bus);
// Its name is the subscriber's, or that with _1 to _7. Adding it again with the same settings changes nothing.
await manager.consumers.add('SLUICE_EVENTS', {
  durable_name: name,
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  filter_subjects: ['sluice.events.service-key.*', 'sluice.events.user-role.*'],
});
const consumer = await jetstream(bus).consumers.get('SLUICE_EVENTS', name);
console.log(`following as ${name}`);
let left = Number(count);
for await (const message of await consumer.consume()) {
  const event = message.json();
  console.log(`${event.time} ${event.type} ${event.subject}`);
  message.ack();
  if (--left === 0) break;
}
await bus.drain();
