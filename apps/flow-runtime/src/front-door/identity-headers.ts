import { headersOfForms } from '../client-certificates/forms.js';

/**
 * Headers that claim an identity. On the public listener nobody may claim one, so they are taken off before anything
 * reads them (attack 8), whatever stands between their words. This is the one list of them: what the forms say, and what is
 * like it.
 */
const names: ReadonlySet<string> = new Set([
  ...headersOfForms.map(canonical),
  'x-forwarded-tls-client-cert-info',
  'x-arr-clientcert',
]);
const prefixes = [
  'client-cert',
  'ssl-client',
  'x-ssl',
  'x-amzn-mtls',
  'x-client-cert',
  'cf-client-cert',
  'x-azure-client-cert',
];

/** Headers that carry secrets meant for us, not for a flow. */
const ours: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie']);

function canonical(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}

export function claimsIdentity(name: string): boolean {
  const header = canonical(name);
  return names.has(header) || prefixes.some((prefix) => header.startsWith(prefix));
}

/** Senders choose header names: more of them than any client uses are judged each time. */
const maxRemembered = 512;
const judged = new Map<string, boolean>();

/** Whether a request header may be seen by a flow at all. */
export function mayReachFlow(name: string): boolean {
  const known = judged.get(name);
  if (known !== undefined) return known;
  const may = !ours.has(canonical(name)) && !claimsIdentity(name);
  if (judged.size < maxRemembered && name.length <= 64) judged.set(name, may);
  return may;
}
