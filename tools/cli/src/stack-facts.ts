import { AdminClient } from '@sluice/admin-client';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** What a running stack says of itself in `stack.json`. */
export interface StackFacts {
  readonly adminUrl: string;
  readonly adminToken: string;
  readonly flowUrl: string;
  readonly serverRootCaFile: string;
  readonly natsUrl: string;
  /** Of a user who may do everything. */
  readonly databaseUrl: string;
  /** Of the processes that run, by service. */
  readonly pids: Readonly<Record<string, readonly number[]>>;
  /** Where they tell how they are; a process that is starting is missing. */
  readonly health: Readonly<Record<string, readonly string[]>>;
  readonly subscriber: { readonly user: string; readonly password: string };
}

export const projectRoot = join(import.meta.dirname, '..', '..', '..');

/** Folder of the local stack's data. */
export function stackHome(environment: NodeJS.ProcessEnv): string {
  return resolve(projectRoot, environment['SLUICE_HOME'] || '.sluice');
}

/** @throws Error with a sentence that tells how to start a stack */
export function readStackFacts(environment: NodeJS.ProcessEnv): StackFacts {
  const home = stackHome(environment);
  const file = join(home, 'stack.json');
  if (!existsSync(file))
    throw new Error(`No stack is running on ${home}: start one with npm start in another terminal.`);
  return JSON.parse(readFileSync(file, 'utf8')) as StackFacts;
}

/** The administrator of a running stack. */
export function adminClientOf({ adminUrl, adminToken, serverRootCaFile }: StackFacts): AdminClient {
  const tls = adminUrl.startsWith('https:') ? { tls: { ca: readFileSync(serverRootCaFile, 'utf8') } } : {};
  return new AdminClient({ url: adminUrl, token: adminToken, ...tls });
}
