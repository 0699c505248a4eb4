import {
  createServiceKey,
  deleteServiceKey,
  findServiceKeys,
  revokeCertificate,
  revokeClientSecret,
  revokeServiceKey,
  rotateServiceKey,
  type Credentials,
  type GivenServiceKeyParameters,
  type ServiceKeyView,
} from '@sluice/contracts';
import { keyAlgorithms, keyTypes } from '@sluice/domain';
import { Option, type Command } from 'commander';
import { randomUUID } from 'node:crypto';
import { duration, tellPending, wholeNumber, type Cli } from '../cli.js';
import type { Column } from '../output/table.js';
import { CommandFailed, exitCode } from '../exit-code.js';
import { readText } from '../read-file.js';
import { findInstance, findKey } from './find-by-name.js';
import { limitOption, reasonOption } from './options.js';
import { prepareFolder, writeCredentials } from './write-credentials.js';

type WithCredentials = ServiceKeyView & {
  readonly credentials: Credentials;
  readonly warnings?: readonly { readonly message: string }[];
};

const outOption = () => new Option('--out <folder>', 'writes the credentials there, the private key for you alone');

export function addKey(program: Command, cli: Cli): void {
  const key = program
    .command('key')
    .description('service keys: what senders are known by. A key is said by its id, or as INSTANCE/NAME');

  key
    .command('list')
    .description('lists service keys')
    .option('--instance <instance>', 'of this service instance')
    .addOption(new Option('--type <type>', 'of this key type').choices(keyTypes))
    .addOption(new Option('--status <status>').choices(['active', 'revoked', 'expired']))
    .option('--name <beginning>', 'whose name begins so')
    .addOption(limitOption())
    .action(async (given: { instance?: string; type?: string; status?: string; name?: string; limit: number }) => {
      const instance = given.instance === undefined ? undefined : await findInstance(cli.client, given.instance);
      await list(cli, given.limit, 'There are none yet: sluice key create INSTANCE NAME --out FOLDER', {
        ...(instance ? { serviceInstanceId: instance.id } : {}),
        ...(given.type === undefined ? {} : { 'key-type': given.type as ServiceKeyView['key-type'] }),
        ...(given.status === undefined ? {} : { status: given.status as ServiceKeyView['status'] }),
        ...(given.name === undefined ? {} : { text: given.name }),
      });
    });

  key
    .command('expiring')
    .description(
      'lists active keys of which the last usable certificate ends soon; ends with code 7 when there are some',
    )
    .addOption(new Option('--within <time>').argParser(duration).default(30 * 86_400, '30d'))
    .addOption(limitOption())
    .action(async ({ within, limit }: { within: number; limit: number }) => {
      const expiringBefore = new Date(cli.now() + within * 1_000).toISOString();
      if (await list(cli, limit, 'No key ends by then.', { expiringBefore })) cli.found();
    });

  key
    .command('unused')
    .description('lists active keys that nobody used for a while')
    .addOption(new Option('--for <time>').argParser(duration).default(30 * 86_400, '30d'))
    .addOption(limitOption())
    .action(async ({ for: seconds, limit }: { for: number; limit: number }) => {
      const unusedSince = new Date(cli.now() - seconds * 1_000).toISOString();
      await list(cli, limit, 'Every key that is older was used since.', { unusedSince });
    });

  key
    .command('show <key>')
    .description('shows a service key and its certificates')
    .action(async (given: string) => {
      const shown = await findKey(cli.client, given);
      cli.output.show(shown, [
        ['name', shown.name, 'bold'],
        ['id', shown.id],
        ['service instance', shown.serviceInstanceId],
        ['type', shown['key-type']],
        ['status', shown.status, shown.status === 'active' ? 'green' : 'red'],
        ['created', cli.time(shown.createdAt)],
      ]);
      if (cli.output.form !== 'table') return;
      cli.output.line();
      if (shown.secrets.length > 0) cli.output.list(shown.secrets, secretColumns(cli), { more: false, empty: '' });
      if (shown.certificates.length > 0 || shown.secrets.length === 0)
        cli.output.list(shown.certificates, certificateColumns(cli), { more: false, empty: 'It has no certificates.' });
    });

  key
    .command('create <instance> <name>')
    .description('creates a service key; private key and secret are shown this once, or written to files')
    .addOption(new Option('--type <type>').choices(keyTypes).default('certificate'))
    .addOption(new Option('--validity <days>').argParser(wholeNumber(1, 365)))
    .addOption(new Option('--algorithm <algorithm>', 'of the key pair').choices(keyAlgorithms))
    .addOption(new Option('--length <bits>', 'of an RSA key').argParser(wholeNumber(1, 100_000)))
    .option('--csr <file>', 'of type certificate_request: PKCS#10 in PEM')
    .option('--certificate <file>', 'of type certificate_external: the certificate in PEM')
    .option('--no-pin', 'of type certificate_external: later certificates with the same names are let in too')
    .addOption(outOption())
    .addHelpText(
      'after',
      `
Examples:
  sluice key create orders shop --algorithm P-256 --out ./shop
  sluice key create orders shop --type certificate_request --csr shop.csr --out ./shop
  sluice key create orders shop --type certificate_external --certificate shop.pem
  sluice key create orders shop --type client_secret --out ./shop`,
    )
    .action(async (given: string, name: string, options: CreateOptions) => {
      const parameters = parametersOf(options);
      if (options.out !== undefined) prepareFolder(options.out);
      const { id, name: instance } = await findInstance(cli.client, given);
      const made = await retried((headers) =>
        cli.client.call(createServiceKey, { serviceInstanceId: id, name, parameters }, headers),
      );
      await give(cli, made, `${instance}/${name}`, options.out, `The service key ${instance}/${name} is there.`);
    });

  key
    .command('rotate <key>')
    .description('gives a key a successor; the old one stays valid for the overlap')
    .addOption(new Option('--overlap <time>', 'how long').argParser(duration).default(7 * 86_400, '7d'))
    .addOption(
      new Option('--retire-after-unused <days>', 'it ends only when unused so long').argParser(wholeNumber(1, 365)),
    )
    .option('--csr <file>', 'of type certificate_request: a new PKCS#10 in PEM')
    .option('--certificate <file>', 'of type certificate_external: the successor in PEM')
    .addOption(outOption())
    .addHelpText('after', '\nExample:\n  sluice key rotate orders/shop --overlap 12h --out ./shop-2')
    .action(async (given: string, options: RotateOptions) => {
      if (options.out !== undefined) prepareFolder(options.out);
      const { id, name } = await findKey(cli.client, given);
      const rotated = await retried((headers) =>
        cli.client.call(
          rotateServiceKey,
          {
            id,
            overlapSeconds: options.overlap,
            ...(options.retireAfterUnused === undefined ? {} : { retireAfterUnusedDays: options.retireAfterUnused }),
            ...(options.csr === undefined ? {} : { 'certificate-request': readText(options.csr) }),
            ...(options.certificate === undefined ? {} : { 'X.509': readText(options.certificate) }),
          },
          headers,
        ),
      );
      const ends = cli.time(new Date(cli.now() + options.overlap * 1_000).toISOString());
      await give(
        cli,
        rotated,
        name,
        options.out,
        `The service key ${name} has a successor; the one before ends ${ends}.`,
      );
    });

  key
    .command('revoke <key>')
    .description('revokes a key for good, or one of its certificates or secrets')
    .option('--certificate <sha256>', 'this certificate alone')
    .option('--secret <id>', 'this secret alone')
    .addOption(reasonOption())
    .action(
      async (
        given: string,
        { reason, certificate, secret }: { reason: string; certificate?: string; secret?: string },
      ) => {
        const { id, name } = await findKey(cli.client, given);
        const why = { id, reason: reason as never };
        if (certificate !== undefined && secret !== undefined)
          throw new CommandFailed('Name a certificate or a secret, not both.', exitCode.usage);
        const part = certificate === undefined ? (secret === undefined ? undefined : 'secret') : 'certificate';
        const revoked =
          secret !== undefined
            ? await cli.client.call(revokeClientSecret, { ...why, secretId: secret })
            : certificate !== undefined
              ? await cli.client.call(revokeCertificate, { ...why, sha256: certificate })
              : await cli.client.call(revokeServiceKey, why);
        cli.output.done(
          part === undefined
            ? `The service key ${name} is revoked: its next request is answered 401.`
            : `The ${part} is revoked; the service key ${name} lives on with its others.`,
          revoked,
        );
        tellPending(cli.output, revoked);
      },
    );

  key
    .command('delete <key>')
    .description('deletes a service key and ends its access')
    .action(async (given: string) => {
      const { id, name } = await findKey(cli.client, given);
      const answer = await cli.client.call(deleteServiceKey, { id });
      cli.output.done(`The service key ${name} is deleted.`, answer);
      tellPending(cli.output, answer);
    });
}

interface CreateOptions {
  readonly type: ServiceKeyView['key-type'];
  readonly validity?: number;
  readonly algorithm?: (typeof keyAlgorithms)[number];
  readonly length?: number;
  readonly csr?: string;
  readonly certificate?: string;
  readonly pin: boolean;
  readonly out?: string;
}
interface RotateOptions {
  readonly overlap: number;
  readonly retireAfterUnused?: number;
  readonly csr?: string;
  readonly certificate?: string;
  readonly out?: string;
}

/** What goes with another type is sent too, and refused by its name. */
function parametersOf(options: CreateOptions): GivenServiceKeyParameters {
  return {
    'key-type': options.type,
    ...(options.validity === undefined ? {} : { validity: options.validity }),
    ...(options.algorithm === undefined ? {} : { 'key-algorithm': options.algorithm }),
    ...(options.length === undefined ? {} : { 'key-length': options.length }),
    ...(options.csr === undefined ? {} : { 'certificate-request': readText(options.csr) }),
    ...(options.certificate === undefined ? {} : { 'X.509': readText(options.certificate) }),
    ...(options.pin ? {} : { 'pin-certificate': false }),
  } as GivenServiceKeyParameters;
}

/** Sent once more with the same key when no answer came: what is shown once is then not lost. */
async function retried<T>(call: (headers: { idempotencyKey: string }) => Promise<T>): Promise<T> {
  const headers = { idempotencyKey: randomUUID() };
  try {
    return await call(headers);
  } catch (error) {
    if (error instanceof Error && error.name === 'AdminApiError') throw error;
    return call(headers);
  }
}

async function give(cli: Cli, made: WithCredentials, name: string, folder: string | undefined, sentence: string) {
  const { output } = cli;
  for (const { message } of made.warnings ?? []) output.warn(message);
  tellPending(output, made);
  const { credentials } = made;
  if (folder === undefined) {
    if (output.form !== 'table') return output.done('', made);
    output.done(sentence, made);
    output.show(credentials, [
      ['clientid', credentials.clientid],
      ['clientsecret', credentials.clientsecret],
      ['url', credentials.url],
      ['tokenurl', credentials.tokenurl],
      ['certificate', credentials.certificate?.trimEnd()],
      ['key', credentials.key?.trimEnd()],
    ]);
    if (credentials.key ?? credentials.clientsecret) output.hint('This is the only time it is shown.');
    return;
  }
  const files = await writeCredentials(cli.client, folder, credentials, name);
  if (output.form !== 'table') {
    const { key: _key, clientsecret: _secret, ...shown } = credentials;
    return output.done('', { ...made, credentials: shown, files });
  }
  output.done(sentence, made);
  for (const { file, what } of files) output.line(`  ${file.padEnd(40)} ${output.style('dim', what)}`);
}

function secretColumns(cli: Cli): readonly Column<ServiceKeyView['secrets'][number]>[] {
  return [
    {
      title: 'SECRET',
      of: ({ status }) => status,
      style: ({ status }) => (status === 'active' ? 'green' : status === 'retiring' ? 'yellow' : 'red'),
    },
    { title: 'ENDS', of: ({ retiresAt, validuntil }) => cli.time(retiresAt ?? validuntil) ?? 'never' },
    { title: 'LAST USED', of: ({ lastUsedAt }) => cli.time(lastUsedAt) ?? 'never' },
    { title: 'ID', of: ({ id }) => id },
  ];
}

function certificateColumns(cli: Cli): readonly Column<ServiceKeyView['certificates'][number]>[] {
  return [
    {
      title: 'CERTIFICATE',
      of: ({ status }) => status,
      style: ({ status }) => (status === 'active' ? 'green' : status === 'retiring' ? 'yellow' : 'red'),
    },
    { title: 'ENDS', of: ({ retiresAt, validuntil }) => cli.time(retiresAt ?? validuntil) },
    { title: 'LAST USED', of: ({ lastUsedAt }) => cli.time(lastUsedAt) ?? 'never' },
    { title: 'SERIAL NUMBER', of: ({ serialnumber }) => serialnumber },
    { title: 'SHA-256', of: ({ sha256 }) => sha256 },
  ];
}

/** @returns whether there were any */
async function list(
  cli: Cli,
  limit: number,
  empty: string,
  search: Omit<Parameters<Cli['first']>[1], never> & object,
): Promise<boolean> {
  const { items, more } = await cli.first(findServiceKeys, search, limit);
  cli.output.list(
    items,
    [
      { title: 'NAME', of: ({ name }) => name, style: () => 'bold' },
      { title: 'TYPE', of: (item) => item['key-type'] },
      {
        title: 'STATUS',
        of: ({ status }) => status,
        style: ({ status }) => (status === 'active' ? 'green' : 'red'),
      },
      { title: 'ENDS', of: (item) => cli.time(endOf(item)) },
      { title: 'LAST USED', of: (item) => cli.time(lastUseOf(item)) },
      { title: 'ID', of: ({ id }) => id },
    ],
    { more, empty },
  );
  return items.length > 0;
}

/** Of the certificate that ends last and is usable now. */
function endOf({ certificates, secrets }: ServiceKeyView): string | undefined {
  return [...certificates, ...secrets]
    .filter(({ status }) => status === 'active' || status === 'retiring')
    .flatMap(({ retiresAt, validuntil }) => retiresAt ?? validuntil ?? [])
    .toSorted()
    .at(-1);
}

function lastUseOf({ certificates, secrets }: ServiceKeyView): string | undefined {
  return [...certificates, ...secrets]
    .flatMap(({ lastUsedAt }) => lastUsedAt ?? [])
    .toSorted()
    .at(-1);
}
