/** What a shell needs of a running stack. URLs without a slash at their end, paths absolute. */
export interface ShellFacts {
  readonly home: string;
  readonly adminUrl: string;
  readonly adminToken: string;
  readonly flowUrl: string;
  readonly serverRootCaFile: string;
  readonly natsUrl: string;
}

/** Below the home folder: what commands of the docs write, private keys among it. */
export const workFolder = 'work';

/**
 * `$SLUICE_HOME/env`, which `. .sluice/env` reads into a shell: the variables of every command in README and docs.
 * `SLUICE_HOME` alone goes on to the programs that are called (`npm run admin` finds the stack by it); the token does not.
 */
export function renderShellEnvironment(facts: ShellFacts): string {
  const variables = {
    ADMIN: facts.adminUrl,
    AUTH: `Authorization: Bearer ${facts.adminToken}`,
    JSON: 'Content-Type: application/json',
    FLOW: facts.flowUrl,
    CA: facts.serverRootCaFile,
    EVENTS: facts.natsUrl,
    WORK: `${facts.home}/${workFolder}`,
  };
  return [
    '# Made by the local stack when it is up: the variables of the commands in README.md and docs.',
    `export SLUICE_HOME=${quoted(facts.home)}`,
    ...Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`),
    '',
  ].join('\n');
}

/** One word for any POSIX shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
