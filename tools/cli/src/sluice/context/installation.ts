import { AdminClient } from '@sluice/admin-client';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { CommandFailed, exitCode } from '../exit-code.js';
import { readText } from '../read-file.js';
import { Contexts, type Context } from './contexts.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export function contextsOf(environment: Environment): Contexts {
  const folder = environment['XDG_CONFIG_HOME'] || join(environment['HOME'] || homedir(), '.config');
  return new Contexts(environment['SLUICE_CONFIG'] || join(folder, 'sluice', 'contexts.json'));
}

/**
 * Which installation a command is about: the context that is named; SLUICE_ADMIN_URL with SLUICE_ADMIN_TOKEN or a certificate; the local stack of SLUICE_HOME, where a
 * shell says that (`. .sluice/env`): nothing that is meant for it goes to an installation somebody logged in to; the current context; the local stack that
 * runs here.
 * @throws CommandFailed when there is none
 */
export function installationOf(environment: Environment, named: string | undefined): Context {
  if (named !== undefined) return contextsOf(environment).find(named) as Context;
  const byEnvironment = namedInstallation(environment);
  if (byEnvironment) return byEnvironment;
  const home = environment['SLUICE_HOME'];
  const found = (home && localStack(home)) || contextsOf(environment).find() || localStack('.sluice');
  if (found) return found;
  throw new CommandFailed(
    'No installation is known here: log in with sluice login URL, or set SLUICE_ADMIN_URL and SLUICE_ADMIN_TOKEN.',
    exitCode.usage,
  );
}

/** What SLUICE_ADMIN_URL and the variables beside it name. @returns undefined where none of them is set @throws CommandFailed when half of it is missing */
export function namedInstallation(environment: Environment): Context | undefined {
  const { SLUICE_ADMIN_URL: url, SLUICE_ADMIN_TOKEN: token } = environment;
  const files = filesOf({
    ca: environment['SLUICE_ADMIN_CA_FILE'],
    certificate: environment['SLUICE_ADMIN_CERTIFICATE_FILE'],
    key: environment['SLUICE_ADMIN_KEY_FILE'],
  });
  if (url && (token || files.certificate)) return { url, ...(token ? { token } : {}), ...files };
  if (url || token)
    throw new CommandFailed(
      `SLUICE_ADMIN_URL and SLUICE_ADMIN_TOKEN go together, and ${url ? 'SLUICE_ADMIN_TOKEN' : 'SLUICE_ADMIN_URL'} is missing.`,
      exitCode.usage,
    );
  return undefined;
}

/** What `npm start` writes in its home folder. */
function localStack(home: string): Context | undefined {
  const facts = join(resolve(home), 'stack.json');
  if (!existsSync(facts)) return undefined;
  const { adminUrl, adminToken, serverRootCaFile } = JSON.parse(readFileSync(facts, 'utf8')) as {
    adminUrl: string;
    adminToken: string;
    serverRootCaFile?: string;
  };
  const ca = adminUrl.startsWith('https:') ? filesOf({ ca: serverRootCaFile }) : {};
  return { url: adminUrl, token: adminToken, ...ca };
}

/** What a caller of the admin API needs beside its address, each a file; only what is given. @throws CommandFailed when half of a pair is missing */
export function filesOf({ ca, certificate, key }: Pick<Context, 'ca' | 'certificate' | 'key'>): Partial<Context> {
  if (!certificate !== !key)
    throw new CommandFailed('A certificate and its key go together: name the file of each.', exitCode.usage);
  return {
    ...(ca ? { ca: resolve(ca) } : {}),
    ...(certificate && key ? { certificate: resolve(certificate), key: resolve(key) } : {}),
  };
}

/** @throws CommandFailed when a file cannot be read, or is not what it should be */
export function clientOf({ url, token, ca, certificate, key }: Context): AdminClient {
  const read = (file: string | undefined) => (file === undefined ? undefined : readText(file));
  const tls = { ca: read(ca), certificate: read(certificate), key: read(key) };
  try {
    return new AdminClient({ url, token, ...(ca || certificate ? { tls } : {}) });
  } catch (error) {
    const files = [ca, certificate, key].filter((file) => file !== undefined).join(', ');
    throw new CommandFailed(`These cannot be used for TLS: ${files} (${(error as Error).message}).`, exitCode.usage);
  }
}
