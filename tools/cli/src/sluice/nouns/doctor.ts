import { listFlows } from '@sluice/contracts';
import type { Command } from 'commander';
import { type Cli } from '../cli.js';
import { installationOf } from '../context/installation.js';
import { examineInstallation } from '../doctor/examine-installation.js';
import { examineSender } from '../doctor/examine-sender.js';
import type { Finding } from '../doctor/findings.js';
import { CommandFailed, exitCode } from '../exit-code.js';
import { readText } from '../read-file.js';

const marks = { good: ['green', '✓'], warning: ['yellow', '!'], bad: ['red', '✗'], unknown: ['dim', '?'] } as const;

interface DoctorOptions {
  readonly certificate?: string;
  readonly key?: string;
  readonly serverRoot?: string;
  readonly flowUrl?: string;
}

export function addDoctor(program: Command, cli: Cli): void {
  program
    .command('doctor')
    .description(
      "says what is wrong with an installation, and with a sender's set-up; ends with code 7 when something is",
    )
    .option('--certificate <file>', "a sender's certificate and chain in PEM")
    .option('--key <file>', 'its private key in PEM')
    .option('--server-root <file>', "root of the flow port's certificate in PEM")
    .option('--flow-url <url>', 'where senders call flows; absent: as the flows say it')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice doctor\n  sluice doctor --certificate client.pem --key client.key --server-root server-root.pem',
    )
    .action(async (options: DoctorOptions, command: Command) => {
      const findings: Finding[] = [];
      const tell = (finding: Finding) => {
        findings.push(finding);
        const [style, mark] = marks[finding.state];
        cli.output.line(
          `${cli.output.style(style, mark)} ${cli.output.style('bold', finding.what.padEnd(20))} ${finding.explanation}`,
        );
      };
      const { context } = command.optsWithGlobals<{ context?: string }>();
      const { url } = installationOf(cli.terminal.environment, context);
      for await (const finding of examineInstallation({ client: cli.client, url, now: cli.now })) tell(finding);
      if (options.certificate !== undefined || options.key !== undefined)
        for await (const finding of examineSender(await senderOf(cli, options))) tell(finding);
      if (cli.output.form !== 'table') cli.output.done('', findings);
      if (findings.some(({ state }) => state === 'bad')) cli.found();
    });
}

async function senderOf(cli: Cli, { certificate, key, serverRoot, flowUrl }: DoctorOptions) {
  if (certificate === undefined || key === undefined)
    throw new CommandFailed('--certificate and --key go together.', exitCode.usage);
  return {
    flowUrl: flowUrl ?? (await flowUrlOf(cli)),
    certificate: readText(certificate),
    key: readText(key),
    serverRoot: serverRoot === undefined ? undefined : readText(serverRoot),
    client: cli.client,
    now: cli.now,
  };
}

async function flowUrlOf(cli: Cli): Promise<string> {
  for await (const { endpoints } of cli.client.list(listFlows, {}))
    for (const { url } of endpoints) return new URL(url).origin;
  throw new CommandFailed('No flow says where it is called: name the address by --flow-url.', exitCode.usage);
}
