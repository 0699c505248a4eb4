import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { CommandFailed, exitCode } from '../exit-code.js';
import { Contexts, type Context } from './contexts.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export function contextsOf(environment: Environment): Contexts {
  const folder = environment['XDG_CONFIG_HOME'] || join(environment['HOME'] || homedir(), '.config');
  return new Contexts(environment['SLUICE_CONFIG'] || join(folder, 'sluice', 'contexts.json'));
}

/**
 * Which installation a command is about: the context that is named; SLUICE_ADMIN_URL with SLUICE_ADMIN_TOKEN; the local stack of SLUICE_HOME, where a
 * shell says that (`. .sluice/env`): nothing that is meant for it goes to an installation somebody logged in to; the current context; the local stack that
 * runs here.
 * @throws CommandFailed when there is none
 */
export function installationOf(environment: Environment, named: string | undefined): Context {
  if (named !== undefined) return contextsOf(environment).find(named) as Context;
  const { SLUICE_ADMIN_URL: url, SLUICE_ADMIN_TOKEN: token } = environment;
  if (url && token) return { url, token };
  if (url || token)
    throw new CommandFailed(
      `SLUICE_ADMIN_URL and SLUICE_ADMIN_TOKEN go together, and ${url ? 'SLUICE_ADMIN_TOKEN' : 'SLUICE_ADMIN_URL'} is missing.`,
      exitCode.usage,
    );
  const home = environment['SLUICE_HOME'];
  const found = (home && localStack(home)) || contextsOf(environment).find() || localStack('.sluice');
  if (found) return found;
  throw new CommandFailed(
    'No installation is known here: log in with sluice login URL, or set SLUICE_ADMIN_URL and SLUICE_ADMIN_TOKEN.',
    exitCode.usage,
  );
}

/** What `npm start` writes in its home folder. */
function localStack(home: string): Context | undefined {
  const facts = join(resolve(home), 'stack.json');
  if (!existsSync(facts)) return undefined;
  const { adminUrl, adminToken } = JSON.parse(readFileSync(facts, 'utf8')) as { adminUrl: string; adminToken: string };
  return { url: adminUrl, token: adminToken };
}
