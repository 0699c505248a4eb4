import { listCertificates, type CertificateView } from '@sluice/contracts';
import { explainFiles, writeExplanation } from '@sluice/pki-cli';
import { Option, type Command } from 'commander';
import { duration, type Cli } from '../cli.js';
import { exitCode, CommandFailed } from '../exit-code.js';
import { collected, limitOption } from './options.js';

export function addCertificate(program: Command, cli: Cli): void {
  const certificate = program
    .command('cert')
    .description('certificates: all that this installation knows, or one in a file');

  certificate
    .command('list')
    .description('lists certificates, the one that ends first first')
    .addOption(new Option('--kind <kind>', 'issued, external, issuing-ca, own-root, trusted-root, server, server-ca'))
    .addOption(new Option('--status <status>', 'active, retiring, retired, revoked, expired, prepared'))
    .addOption(new Option('--within <time>', 'that end within').argParser(duration))
    .addOption(limitOption())
    .action(async (given: { kind?: string; status?: string; within?: number; limit: number }) => {
      const { kind, status, within, limit } = given;
      const now = cli.now();
      const { items, more } = await cli.first(
        listCertificates,
        {
          ...(kind === undefined ? {} : { kind: kind as CertificateView['kind'] }),
          ...(status === undefined ? {} : { status: status as CertificateView['status'] }),
          ...(within === undefined
            ? {}
            : {
                expiringAfter: new Date(now).toISOString(),
                expiringBefore: new Date(now + within * 1_000).toISOString(),
              }),
        },
        limit,
      );
      cli.output.list(
        items,
        [
          { title: 'ENDS', of: ({ validuntil }) => cli.time(validuntil) },
          { title: 'KIND', of: (item) => item.kind },
          {
            title: 'STATUS',
            of: (item) => item.status,
            style: (item) => (item.status === 'active' ? 'green' : undefined),
          },
          { title: 'SUBJECT', of: ({ subjectdn }) => subjectdn, style: () => 'bold' },
          { title: 'KEY', of: ({ serviceKeyName }) => serviceKeyName },
          { title: 'SHA-256', of: ({ sha256 }) => sha256 },
        ],
        { more, empty: 'No certificate fits.' },
      );
    });

  certificate
    .command('explain <file>')
    .description(
      'says of a chain in PEM or DER, the certificate first, what the verifier would say; needs no installation',
    )
    .option('--root <file>', 'trusted root; to be repeated', collected)
    .option('--crl <file>', 'CRL, PEM or DER; to be repeated', collected)
    .option('--ocsp <file>', 'OCSP response, DER; to be repeated', collected)
    .option('--at <time>', 'judge at this time (ISO 8601)')
    .option('--usage <name>', 'extended key usage to ask for; "none" for none', 'clientAuth')
    .addHelpText('after', '\nExample:\n  sluice cert explain client.pem --root root.pem')
    .action((file: string, options: ExplainOptions) => {
      const explained = explainFiles({ file, ...options, now: cli.now() });
      if ('problem' in explained) throw new CommandFailed(explained.problem, exitCode.usage);
      const { explanation } = explained;
      if (cli.output.form === 'table') cli.output.line(writeExplanation(explanation, cli.terminal.coloured));
      else cli.output.done('', explanation);
      if (explanation.verdict !== 'valid') cli.found();
    });
}

interface ExplainOptions {
  readonly root?: string[];
  readonly crl?: string[];
  readonly ocsp?: string[];
  readonly at?: string;
  readonly usage: string;
}
