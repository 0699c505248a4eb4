import { AdminApiError } from '@sluice/admin-client';
import { showVersion } from '@sluice/contracts';
import type { Command } from 'commander';
import { text } from 'node:stream/consumers';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Cli } from '../cli.js';
import type { Context } from '../context/contexts.js';
import { clientOf, filesOf } from '../context/installation.js';
import { CommandFailed, exitCode } from '../exit-code.js';
import { readText } from '../read-file.js';

export function addContext(program: Command, cli: Cli): void {
  program
    .command('login <url>')
    .description('keeps the address of an installation and an admin token for it, for later commands')
    .option('--name <context>', 'the name it gets', 'default')
    .option('--token-file <file>', 'a file with the token; without it, it is asked for or read from the standard input')
    .option('--ca <file>', 'the CA of its certificate, in PEM; without it, the public ones')
    .option('--certificate <file>', 'a certificate of a service key of plan api, with its chain, in place of a token')
    .option('--key <file>', 'the key of that certificate')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice login https://sluice.example.com --token-file ./token\n  sluice login https://localhost:8080 --ca server-root.pem --certificate robot.pem --key robot.key',
    )
    .action(async (url: string, { name, tokenFile, ...given }: LoginOptions) => {
      requireUrl(url);
      const files = filesOf(given);
      const token =
        files.certificate !== undefined && tokenFile === undefined ? undefined : await tokenOf(cli, tokenFile);
      const kept = { url, ...(token === undefined ? {} : { token }), ...files };
      const { version } = await checked(kept);
      if (url.startsWith('http:') && !isLoopback(url))
        cli.output.warn('The token goes there without TLS: whoever is between can read it.');
      cli.contexts.save(name, kept);
      cli.output.done(`Logged in to Sluice ${version} at ${url}, as context ${name}.`, { context: name, url, version });
    });

  const context = program.command('context').description('installations that you logged in to');
  context
    .command('list')
    .description('lists them')
    .action(() => {
      const { current, contexts } = cli.contexts.all();
      const items = Object.entries(contexts).map(([name, { url }]) => ({ name, url, current: name === current }));
      cli.output.list(
        items,
        [
          { title: 'NAME', of: ({ name }) => name, style: () => 'bold' },
          { title: 'CURRENT', of: (item) => (item.current ? 'yes' : '') },
          { title: 'URL', of: ({ url }) => url },
        ],
        { more: false, empty: 'There are none yet: sluice login URL' },
      );
    });
  context
    .command('use <name>')
    .description('makes one the current one')
    .action((name: string) => {
      cli.contexts.use(name);
      cli.output.done(`Commands are about ${name} now.`, { current: name });
    });
  context
    .command('remove <name>')
    .description('forgets one, and its token')
    .action((name: string) => {
      cli.contexts.remove(name);
      cli.output.done(
        `The context ${name} is forgotten. Its token is good as before: sluice token revoke ends one.`,
        {},
      );
    });

  program
    .command('version')
    .description('tells which version of Sluice answers')
    .action(async () => {
      const answer = await cli.client.call(showVersion, {});
      cli.output.show(answer, [
        ['Sluice', answer.version, 'bold'],
        ['Node.js', answer.node],
      ]);
    });
}

interface LoginOptions {
  readonly name: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
}

async function tokenOf(cli: Cli, file: string | undefined): Promise<string> {
  const token = (file === undefined ? await askToken(cli) : readText(file)).trim();
  if (token === '') throw new CommandFailed('No token was given.', exitCode.usage);
  return token;
}

function requireUrl(given: string): void {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new CommandFailed('The address must be a URL: https://sluice.example.com', exitCode.usage);
  if (url.username || url.password || url.search || url.hash)
    throw new CommandFailed('The address must be without credentials, query and fragment.', exitCode.usage);
}

function isLoopback(url: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}

/** Nothing is kept that does not work. */
async function checked(context: Context) {
  try {
    return await clientOf(context).call(showVersion, {});
  } catch (error) {
    if (error instanceof AdminApiError && error.status === 401)
      throw new CommandFailed(
        `The installation does not know this ${context.token === undefined ? 'certificate' : 'token'}.`,
        exitCode.notAllowed,
      );
    throw error;
  }
}

/** Never as a word of the command line, where others see it. */
async function askToken({ terminal }: Cli): Promise<string> {
  if (!terminal.input.isTTY) return text(terminal.input);
  process.stderr.write('Admin token: ');
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: terminal.input, output: silent, terminal: true });
  try {
    return await new Promise((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('close', () => reject(new CommandFailed('No token was given.', exitCode.usage)));
    });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
