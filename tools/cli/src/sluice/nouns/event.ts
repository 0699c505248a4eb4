import { jetstream, jetstreamManager, AckPolicy, DeliverPolicy, type Consumer } from '@nats-io/jetstream';
import { connect, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { eventStream, subscriberInboxPrefix } from '@sluice/contracts';
import type { Command } from 'commander';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { wholeNumber, type Cli } from '../cli.js';
import { CommandFailed, exitCode } from '../exit-code.js';
import { readText } from '../read-file.js';

interface FollowOptions {
  readonly nats?: string;
  readonly ca?: string;
  readonly name?: string;
  readonly seed?: string;
  readonly filter: string;
  readonly count?: number;
}

interface Followed {
  readonly time: string;
  readonly type: string;
  readonly subject: string;
  readonly data: { readonly actor?: string };
}

export function addEvent(program: Command, cli: Cli): void {
  program
    .command('event')
    .description('what administrators changed and what the clock ended, as it happens')
    .command('follow')
    .description('follows the events over NATS, from where this subscriber stopped the last time, until Ctrl-C')
    .option('--nats <url>', 'address of the bus: nats://HOST:4222')
    .option('--ca <file>', 'root of its certificate, in PEM')
    .option('--name <subscriber>', 'as it was created: sluice subscriber create NAME')
    .option('--seed <file>', 'file with its seed')
    .option('--filter <subject>', 'which events: sluice.events.service-key.*', 'sluice.events.>')
    .option('--count <number>', 'ends after so many', wholeNumber(1, 1_000_000_000))
    .addHelpText(
      'after',
      '\nBeside a running local stack nothing needs to be named. With -o json each event is a line of its own.',
    )
    .action(async (options: FollowOptions) => {
      const { bus, consumer } = await open(cli, options);
      const end = () => void bus.close();
      process.once('SIGINT', end);
      try {
        let left = options.count ?? Number.POSITIVE_INFINITY;
        for await (const message of await consumer.consume()) {
          show(cli, message.json<Followed>());
          message.ack();
          if (--left <= 0) break;
        }
      } finally {
        process.off('SIGINT', end);
        await bus.close();
      }
    });
}

function show({ output, terminal }: Cli, event: Followed): void {
  if (output.form !== 'table') return terminal.out(JSON.stringify(event));
  const type = event.type.replace(/^dev\.sluice\.|\.v\d+$/g, '');
  const by = event.data.actor === undefined ? '' : `by ${event.data.actor}`;
  output.line(
    `${output.style('dim', event.time)}  ${output.style('bold', type.padEnd(26))} ${output.style('cyan', event.subject)}  ${output.style('dim', by)}`,
  );
}

async function open(
  cli: Cli,
  { nats, ca, name, seed, filter }: FollowOptions,
): Promise<{ bus: NatsConnection; consumer: Consumer }> {
  if (nats === undefined && name === undefined) return openLocal(cli, filter);
  if (nats === undefined || ca === undefined || name === undefined || seed === undefined)
    throw new CommandFailed('--nats, --ca, --name and --seed go together.', exitCode.usage);
  const bus = await connected(
    connect({
      servers: nats.split(','),
      tls: { ca: readText(ca) },
      authenticator: nkeyAuthenticator(new TextEncoder().encode(readText(seed).trim())),
      inboxPrefix: subscriberInboxPrefix(name),
      maxReconnectAttempts: -1,
    }),
    nats,
  );
  const manager = await jetstreamManager(bus);
  await manager.consumers.add(eventStream, {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    filter_subject: filter,
  });
  return { bus, consumer: await jetstream(bus).consumers.get(eventStream, name) };
}

/** The local stack has a user for programs beside it; its consumers may have any name, and this one is forgotten. */
async function openLocal(cli: Cli, filter: string): Promise<{ bus: NatsConnection; consumer: Consumer }> {
  const file = join(resolve(cli.terminal.environment['SLUICE_HOME'] || '.sluice'), 'stack.json');
  if (!existsSync(file))
    throw new CommandFailed(
      'Say where the bus is, and who you are: --nats, --ca, --name and --seed. No local stack runs here.',
      exitCode.usage,
    );
  const facts = JSON.parse(readFileSync(file, 'utf8')) as {
    natsUrl: string;
    serverRootCaFile: string;
    subscriber: { user: string; password: string };
  };
  const bus = await connected(
    connect({
      servers: facts.natsUrl,
      user: facts.subscriber.user,
      pass: facts.subscriber.password,
      tls: { ca: readText(facts.serverRootCaFile) },
    }),
    facts.natsUrl,
  );
  return { bus, consumer: await jetstream(bus).consumers.get(eventStream, { filter_subjects: filter }) };
}

async function connected(connecting: Promise<NatsConnection>, where: string): Promise<NatsConnection> {
  try {
    return await connecting;
  } catch (error) {
    throw new CommandFailed(
      `The bus at ${where} lets nobody in: ${error instanceof Error ? error.message : String(error)}`,
      exitCode.unavailable,
    );
  }
}
