import { decodePem, encodePem } from '@sluice/pki';
import { ConfigurationError } from '@sluice/service-shell';
import { readFileSync } from 'node:fs';

/**
 * The roots receivers are trusted by.
 * @returns PEM
 * @throws ConfigurationError when the file is missing, empty or no PEM: nothing else is trusted in its place (attack 26)
 */
export function readTrustedRoots(path: string): string {
  try {
    return decodePem(readFileSync(path, 'utf8'))
      .map((der) => encodePem(der))
      .join('');
  } catch (error) {
    throw new ConfigurationError(
      `flow-runtime cannot start: RECEIVER_ROOTS_FILE is wrong: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
