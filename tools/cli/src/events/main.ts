import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { readFileSync } from 'node:fs';
import { readStackFacts } from '../stack-facts.js';
import { bold, cyan, dim, line, runProgram } from '../terminal.js';

/** Follows the event stream as a subscriber: all that is kept, then what comes, until Ctrl-C. `--json` prints the events as they are. */
await runProgram(async () => {
  const asJson = process.argv.includes('--json');
  const facts = readStackFacts(process.env);
  const connection = await connect({
    servers: facts.natsUrl,
    user: facts.subscriber.user,
    pass: facts.subscriber.password,
    tls: { ca: readFileSync(facts.serverRootCaFile, 'utf8') },
    name: 'events on the terminal',
  });
  process.once('SIGINT', () => void connection.close());
  const consumer = await jetstream(connection).consumers.get('SLUICE_EVENTS');
  for await (const message of await consumer.consume()) {
    const event = message.json<{ type: string; subject: string; time: string; data: { actor?: string } }>();
    if (asJson) line(JSON.stringify(event));
    else
      line(
        `${dim(event.time)}  ${bold(event.type.replace(/^dev\.sluice\.|\.v\d+$/g, '').padEnd(26))} ${cyan(event.subject)}  ${dim(`by ${event.data.actor ?? '-'}`)}`,
      );
  }
});
