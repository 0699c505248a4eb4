/**
 * A sender that never misses a rotation. It calls a flow every second with the certificate in a file, follows the event
 * stream with a durable consumer, and loads the file again when its service key is rotated.
 *
 *   node examples/reload-certificate/main.mjs STACK_JSON SERVICE_KEY_ID CERTIFICATE_FILE PRIVATE_KEY_FILE URL
 */
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Sender } from './sender.mjs';

const [stackFile, serviceKeyId, certificateFile, privateKeyFile, url] = process.argv.slice(2);
if (!url) {
  console.error('Usage: main.mjs STACK_JSON SERVICE_KEY_ID CERTIFICATE_FILE PRIVATE_KEY_FILE URL');
  process.exit(2);
}
// Where the bus is, and as whom to connect. A deployment for others gives you an identity instead: examples/follow-events.
const stack = JSON.parse(readFileSync(stackFile, 'utf8'));
const serverRoot = readFileSync(stack.serverRootCaFile, 'utf8');
const sender = new Sender({ certificateFile, privateKeyFile, serverRoot });

const bus = await connect({
  servers: stack.natsUrl,
  user: stack.subscriber.user,
  pass: stack.subscriber.password,
  tls: { ca: serverRoot },
  maxReconnectAttempts: -1, // The bus may be away for as long as it likes.
});

// The consumer is durable: the server remembers how far it came, so a rotation while this program was down is not missed.
// Adding it again with the same settings changes nothing.
const durable = `reload-${serviceKeyId}`;
const manager = await jetstreamManager(bus);
await manager.consumers.add('SLUICE_EVENTS', {
  durable_name: durable,
  filter_subject: 'sluice.events.service-key.rotated',
  deliver_policy: DeliverPolicy.New, // What was rotated before is in the file already.
  ack_policy: AckPolicy.Explicit,
});

/**
 * Whoever rotated the key has the new private key from the answer and puts both files here, a little before or after
 * this event. So wait until the file no longer holds the predecessor, and until the two files fit.
 */
async function reloadAfter({ certificate, predecessor, retiresAt }) {
  console.log(`rotated: ${certificate.sha256} follows ${predecessor.sha256}, which ends at ${retiresAt}`);
  for (;;) {
    try {
      if (sender.fileDiffersFrom(predecessor.sha256)) {
        sender.reload();
        console.log(`reloaded: ${sender.sha256}`);
        return;
      }
    } catch (error) {
      console.log(`not yet: ${error.message}`);
    }
    await pause(200);
  }
}

async function followRotations() {
  const consumer = await jetstream(bus).consumers.get('SLUICE_EVENTS', durable);
  for await (const message of await consumer.consume()) {
    const event = message.json(); // A CloudEvent; docs/asyncapi.yaml describes each type.
    // Acknowledge when the work is done, not before: an event whose work was cut off comes again.
    const alive = setInterval(() => message.working(), 10_000);
    if (event.subject === serviceKeyId) await reloadAfter(event.data);
    clearInterval(alive);
    message.ack();
  }
}

async function send() {
  for (let number = 1; !bus.isClosed(); number++) {
    const sha256 = sender.sha256;
    try {
      console.log(`sent ${number}: ${await sender.post(url, `{"number": ${number}}`)} with ${sha256}`);
    } catch (error) {
      console.log(`sent ${number}: failed, ${error.message}`);
    }
    await pause(Number(process.env.SEND_EVERY_MS ?? 1_000));
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void bus.drain());
await Promise.all([followRotations(), send()]);
process.exit(0);
