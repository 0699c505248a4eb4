import {
  checkArtifact,
  getFlow,
  importPackage,
  listFlows,
  putFlow,
  undeployFlow,
  type FlowView,
} from '@sluice/contracts';
import { Option, type Command } from 'commander';
import { readdirSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { stringify } from 'yaml';
import { duration, tellPending, type Cli } from '../cli.js';
import { CommandFailed, exitCode } from '../exit-code.js';
import { readBytes } from '../read-file.js';
import { limitOption } from './options.js';

const mediaTypes: Readonly<Record<string, string>> = {
  '.yaml': 'application/yaml',
  '.yml': 'application/yaml',
  '.json': 'application/json',
  '.iflw': 'application/xml',
  '.xml': 'application/xml',
  '.zip': 'application/zip',
};
const portsOption = () =>
  new Option('--ports <folder>', 'JavaScript that replaces scripts, each named after one: script1.groovy.js');

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly path?: string | undefined;
  readonly line?: number | undefined;
  readonly element?: { readonly name: string } | undefined;
  readonly nearest?: string | undefined;
}

export function addFlow(program: Command, cli: Cli): void {
  const flow = program.command('flow').description('integration flows: ours in YAML or JSON, .iflw, and packages');

  flow
    .command('list')
    .description('lists flows, with their messages of a while')
    .addOption(new Option('--since <time>', 'how far back is counted').argParser(duration).default(86_400, '1d'))
    .addOption(limitOption())
    .action(async ({ since, limit }: { since: number; limit: number }) => {
      const messagesSince = new Date(cli.now() - since * 1_000).toISOString();
      const { items, more } = await cli.first(listFlows, { messagesSince }, limit);
      cli.output.list(
        items,
        [
          { title: 'ID', of: ({ id }) => id, style: () => 'bold' },
          {
            title: 'STATUS',
            of: ({ status }) => status,
            style: ({ status }) => (status === 'started' ? 'green' : 'red'),
          },
          { title: 'MESSAGES', of: ({ messages }) => messages?.total },
          {
            title: 'ERRORS',
            of: ({ messages }) => messages?.errors,
            style: (item) => (item.messages?.errors ? 'red' : undefined),
          },
          { title: 'VERSION', of: ({ version }) => version },
          { title: 'URL', of: ({ endpoints }) => endpoints.map(({ url }) => url).join(' ') },
        ],
        { more, empty: 'There are none yet: sluice flow deploy ID FILE' },
      );
    });

  flow
    .command('show <id>')
    .description('shows a flow: how each runtime has it, and its definition')
    .action(async (id: string) => {
      const shown = await cli.client.call(getFlow, { id });
      cli.output.show(shown, [
        ['id', shown.id, 'bold'],
        ['name', shown.name],
        ['status', shown.status, shown.status === 'started' ? 'green' : 'red'],
        ['error', shown.error],
        ['version', shown.version],
        ['deployed', cli.time(shown.deployedAt)],
        [
          'endpoints',
          shown.endpoints.map(({ url, authorization }) => `${url}  ${JSON.stringify(authorization)}`).join('\n'),
        ],
        [
          'runtimes',
          shown.runtimes?.map(({ name, status, error }) => [name, status, error].filter(Boolean).join('  ')).join('\n'),
        ],
        [
          'last failure',
          shown.failure && `${cli.time(shown.failure.at)} by ${shown.failure.actor}: ${shown.failure.error}`,
        ],
        ['definition', shown.definition && stringify(shown.definition).trimEnd()],
      ]);
      tell(cli, shown.warnings, 'warning');
    });

  flow
    .command('check <file>')
    .description(
      'says everything that is in the way of a deployment; deploys nothing, ends with code 7 when something is',
    )
    .option('--id <id>', 'under which it would be deployed')
    .addOption(portsOption())
    .action(async (file: string, { id, ports }: { id?: string; ports?: string }) => {
      const { raw } = artifactOf(file, ports);
      const report = await cli.client.send(checkArtifact, id === undefined ? {} : { id }, raw);
      if (cli.output.form === 'table')
        for (const each of report.flows) {
          const fine = each.verdict === 'supported';
          cli.output.line(
            `${cli.output.style(fine ? 'green' : 'red', fine ? '✓' : '✗')} ${cli.output.style('bold', each.name)} ${each.verdict}`,
          );
          tell(cli, each.problems, 'problem');
          tell(cli, each.warnings, 'warning');
        }
      else cli.output.done('', report);
      if (report.flows.some(({ verdict }) => verdict !== 'supported')) cli.found();
    });

  flow
    .command('deploy <id> <file>')
    .description('deploys a flow under an id; the version before serves until it has started')
    .addOption(portsOption())
    .addHelpText('after', '\nExample:\n  sluice flow deploy orders orders.yaml')
    .action(async (id: string, file: string, { ports }: { ports?: string }) => {
      const deployed = await cli.client.send(putFlow, { id }, artifactOf(file, ports).raw);
      tell(cli, deployed.warnings, 'warning');
      cli.output.done(
        `The flow ${id} is deployed: ${deployed.endpoints.map(({ url }) => url).join(' ') || 'it has no address'}`,
        deployed,
      );
      tellPending(cli.output, deployed);
    });

  flow
    .command('import <file>')
    .description('deploys every flow of a package (.zip), each for itself; ends with code 7 when one is refused')
    .addOption(portsOption())
    .action(async (file: string, { ports }: { ports?: string }) => {
      const answer = await cli.client.send(importPackage, {}, artifactOf(file, ports).raw);
      if (cli.output.form === 'table')
        for (const each of answer.items) {
          const fine = each.outcome !== 'refused';
          cli.output.line(
            `${cli.output.style(fine ? 'green' : 'red', fine ? '✓' : '✗')} ${cli.output.style('bold', each.id)} ${each.outcome}${each.error ? `: ${each.error}` : ''}`,
          );
          tell(cli, each.problems, 'problem');
        }
      else cli.output.done('', answer);
      if (answer.items.some(({ outcome }) => outcome === 'refused')) cli.found();
    });

  flow
    .command('undeploy <id>')
    .description('takes a flow away')
    .action(async (id: string) => {
      const answer = await cli.client.call(undeployFlow, { id });
      cli.output.done(`The flow ${id} is undeployed.`, answer);
      tellPending(cli.output, answer);
    });
}

function tell(cli: Cli, problems: readonly Problem[] | FlowView['warnings'], what: 'problem' | 'warning'): void {
  for (const { path, line, message, element, nearest } of problems as readonly Problem[]) {
    const where = [path, line === undefined ? undefined : `line ${line}`, element?.name].filter(Boolean).join(', ');
    const text = `${where === '' ? '' : `${where}: `}${message}${nearest === undefined ? '' : ` Nearest: ${nearest}.`}`;
    if (what === 'warning') cli.output.warn(text);
    else cli.output.line(`  ${text}`);
  }
}

/** As it is sent: alone, or with the ports of its scripts. */
function artifactOf(file: string, ports: string | undefined) {
  const mediaType = mediaTypes[extname(file).toLowerCase()];
  if (!mediaType)
    throw new CommandFailed(`${file} must end in one of ${Object.keys(mediaTypes).join(', ')}.`, exitCode.usage);
  const content = new Uint8Array(readBytes(file));
  if (ports === undefined) return { raw: { content, mediaType } };
  const boundary = `sluice-${crypto.randomUUID()}`;
  const parts = [
    part(boundary, 'artifact', basename(file), mediaType, content),
    ...readdirSync(ports, { recursive: true, encoding: 'utf8' })
      .map((name) => name.replaceAll('\\', '/'))
      .filter((name) => name.endsWith('.js'))
      .map((name) => part(boundary, 'ports', name, 'text/javascript', readBytes(join(ports, name)))),
  ];
  return {
    raw: {
      content: new Uint8Array(Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)])),
      mediaType: `multipart/form-data; boundary=${boundary}`,
    },
  };
}

function part(boundary: string, name: string, file: string, mediaType: string, content: Uint8Array): Buffer {
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="${name}"; filename="${file.replaceAll('"', '%22')}"\r\ncontent-type: ${mediaType}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), content, Buffer.from('\r\n')]);
}
