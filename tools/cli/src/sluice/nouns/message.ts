import {
  downloadMessageAttachment,
  getMessageProcessingLog,
  listMessageProcessingLogs,
  type MessageProcessingLog,
} from '@sluice/contracts';
import { Option, type Command } from 'commander';
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { duration, type Cli } from '../cli.js';
import { CommandFailed } from '../exit-code.js';
import { limitOption } from './options.js';

const bad: ReadonlySet<MessageProcessingLog['status']> = new Set(['FAILED', 'ESCALATED', 'ABANDONED']);

export function addMessage(program: Command, cli: Cli): void {
  const log = program.command('log').description('the message processing log: what flows did with messages');

  log
    .command('list')
    .description('lists messages, newest first')
    .option('--flow <id>', 'of this flow')
    .addOption(new Option('--status <status>', 'COMPLETED, FAILED, …'))
    .addOption(new Option('--since <time>', 'how far back').argParser(duration))
    .option('--sender <name>', 'whose')
    .option('--correlation-id <id>', 'with this correlation id')
    .addOption(limitOption())
    .action(
      async (given: {
        flow?: string;
        status?: string;
        since?: number;
        sender?: string;
        correlationId?: string;
        limit: number;
      }) => {
        const { flow, status, since, sender, correlationId, limit } = given;
        const { items, more } = await cli.first(
          listMessageProcessingLogs,
          {
            ...(flow === undefined ? {} : { flow }),
            ...(status === undefined ? {} : { status: status as MessageProcessingLog['status'] }),
            ...(since === undefined ? {} : { since: new Date(cli.now() - since * 1_000).toISOString() }),
            ...(sender === undefined ? {} : { sender }),
            ...(correlationId === undefined ? {} : { correlationId }),
          },
          limit,
        );
        cli.output.list(
          items,
          [
            { title: 'START', of: ({ start }) => start },
            { title: 'STATUS', of: ({ status }) => status, style: ({ status }) => (bad.has(status) ? 'red' : 'green') },
            {
              title: 'MS',
              of: ({ start, end }) => (end === undefined ? undefined : Date.parse(end) - Date.parse(start)),
            },
            { title: 'FLOW', of: (item) => item.flow, style: () => 'bold' },
            { title: 'SENDER', of: (item) => item.sender },
            { title: 'ID', of: ({ id }) => id },
            { title: 'ERROR', of: ({ error }) => error },
          ],
          { more, empty: 'No message fits.' },
        );
      },
    );

  log
    .command('show <id>')
    .description('shows what became of one message')
    .action(async (id: string) => {
      const shown = await cli.client.call(getMessageProcessingLog, { id });
      cli.output.show(shown, [
        ['flow', shown.flow, 'bold'],
        ['status', shown.status, bad.has(shown.status) ? 'red' : 'green'],
        ['error', shown.error, 'red'],
        ['sender', shown.sender],
        ['receiver', shown.receiver],
        ['start', cli.time(shown.start)],
        ['end', cli.time(shown.end)],
        ['correlation id', shown.correlationId],
        ['custom headers', shown.customHeaders && stringify(shown.customHeaders).trimEnd()],
        ['log', shown.log && stringify(shown.log).trimEnd()],
        ['steps', shown.steps && stringify(shown.steps).trimEnd()],
        [
          'attachments',
          shown.attachments
            ?.map(({ name, mediaType, size }, index) => `${index}  ${name}  ${mediaType}  ${size} B`)
            .join('\n'),
        ],
      ]);
    });

  log
    .command('attachment <id> <index>')
    .description('downloads an attachment')
    .requiredOption('--out <file>', 'where to')
    .action(async (id: string, index: string, { out }: { out: string }) => {
      const content = await cli.client.download(downloadMessageAttachment, { id, index });
      try {
        writeFileSync(out, content, { mode: 0o600 });
      } catch (error) {
        throw new CommandFailed(`${out} cannot be written: ${(error as Error).message}`);
      }
      cli.output.done(`${content.length} bytes are in ${out}.`, { file: out, bytes: content.length });
    });
}
