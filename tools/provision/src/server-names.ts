import { isIP } from 'node:net';

/** By which names and addresses a server is called. */
export interface ServerNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

const dnsName = /^(?=.{1,253}$)(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/**
 * Host names and IP addresses separated by commas, in lower case; `localhost` and its addresses are always among them.
 * @throws Error with one sentence that names the variable
 */
export function readServerNames(variable: string, value: string): ServerNames {
  const names = value
    .split(',')
    .map((name) => name.trim().toLowerCase().replace(/\.$/, ''))
    .filter((name) => name !== '');
  const wrong = names.find((name) => isIP(name) === 0 && !dnsName.test(name));
  if (wrong !== undefined)
    throw new Error(`${variable} must be host names or IP addresses separated by commas, and "${wrong}" is neither.`);
  return {
    dnsNames: [...new Set(['localhost', ...names.filter((name) => isIP(name) === 0)])],
    ipAddresses: [...new Set(['127.0.0.1', '::1', ...names.filter((name) => isIP(name) !== 0)])],
  };
}
