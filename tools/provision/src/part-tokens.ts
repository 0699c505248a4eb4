import type { Right } from '@sluice/domain';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { keepFile, replaceFile } from './secret-files.js';

/** The parts of an installation that call the admin API by themselves, and all that each may do there. */
const rightsOfParts = {
  // Reads the list that it keeps the load balancer's like.
  'trusted-roots': ['Trust.read'],
  // Of a local stack alone: looks whether there are flows, and deploys one.
  'sample-flow': ['Flows.deploy'],
} as const satisfies Readonly<Record<string, readonly Right[]>>;
export type InstallationPart = keyof typeof rightsOfParts;

export interface PartTokens {
  /** A line for each part: its name, its rights, and the SHA-256 of its token. */
  readonly installationTokensFile: string;
  readonly partTokenFile: (part: InstallationPart) => string;
}

/**
 * Makes the token of each part once, and the file by which authorization knows them.
 * @param secrets folder
 * @param parts those that this installation has
 */
export function keepPartTokens(secrets: string, parts: readonly InstallationPart[]): PartTokens {
  const partTokenFile = (part: InstallationPart) => join(secrets, `${part}.token`);
  const lines = parts.map((part) => {
    const token = keepFile(partTokenFile(part), () => `slu_${randomBytes(32).toString('base64url')}\n`).trim();
    return `${part} ${rightsOfParts[part].join(',')} ${createHash('sha256').update(token).digest('hex')}\n`;
  });
  const installationTokensFile = join(secrets, 'installation-tokens');
  replaceFile(installationTokensFile, lines.join(''));
  return { installationTokensFile, partTokenFile };
}
