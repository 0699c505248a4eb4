import { destinationEnvironment, readEnvironment, shellEnvironment } from '@sluice/service-shell';
import { z } from 'zod';
import type { AdminListenerConfig } from './listener/admin-listener.js';
import { isLoopback } from './listener/loopback.js';
import { checkTogether, oidcShape } from './sign-in/oidc-environment.js';

const environment = shellEnvironment
  .extend(destinationEnvironment.shape)
  .extend(oidcShape)
  .extend({
    ADMIN_HOST: z
      .string()
      .default('127.0.0.1')
      .describe('Address of the listener of the admin API; without TLS a loopback address.'),
    ADMIN_PORT: z.coerce.number().int().min(0).max(65_535).describe('Its port.'),
    ADMIN_TLS_CERTIFICATE_FILE: z
      .string()
      .optional()
      .describe(
        'The server certificate with its chain: the admin API speaks TLS. Files that were replaced are used from the next connection on.',
      ),
    ADMIN_TLS_KEY_FILE: z.string().optional().describe('Its key.'),
    ADMIN_HANDSHAKE_TIMEOUT_MS: z.coerce
      .number()
      .int()
      .min(100)
      .max(3_600_000)
      .default(10_000)
      .describe('How long a TLS handshake may take.'),
    ADMIN_CLIENT_CERTIFICATES: z
      .enum(['off', 'optional'])
      .default('off')
      .describe(
        'Whether callers are asked for a certificate in the handshake, so that service keys of plan api with one are let in by it; browsers that have one then ask their users which to send.',
      ),
    ADMIN_PLAIN_HTTP: z
      .enum(['loopback', 'behind-proxy'])
      .default('loopback')
      .describe(
        'With whom HTTP is spoken without TLS: this machine alone, or also the proxies of ADMIN_TRUSTED_PROXIES, which end TLS.',
      ),
    ADMIN_TRUSTED_PROXIES: z
      .string()
      .regex(/^[\da-fA-F.:/]+(,[\da-fA-F.:/]+)*$/, {
        error: 'must be addresses or networks with a comma between two: 10.0.0.1,10.1.0.0/16',
      })
      .optional()
      .describe(
        'Addresses or networks of proxies before the admin API, whose `X-Forwarded-For` is believed; without, wrong tokens are counted by the address of the connection.',
      ),
  })
  .superRefine((settings, context) => {
    for (const [path, message] of faultsOf(settings)) context.addIssue({ code: 'custom', path: [path], message });
  })
  .superRefine(checkTogether);

interface HowItListens {
  readonly ADMIN_HOST: string;
  readonly ADMIN_TLS_CERTIFICATE_FILE?: string | undefined;
  readonly ADMIN_TLS_KEY_FILE?: string | undefined;
  readonly ADMIN_CLIENT_CERTIFICATES: 'off' | 'optional';
  readonly ADMIN_PLAIN_HTTP: 'loopback' | 'behind-proxy';
  readonly ADMIN_TRUSTED_PROXIES?: string | undefined;
}

/** Tokens and new private keys go over this listener: without TLS nobody but this machine, or the proxy that ends it, may reach it. */
function faultsOf(settings: HowItListens): [string, string][] {
  const certificate = settings.ADMIN_TLS_CERTIFICATE_FILE !== undefined;
  const behindProxy = settings.ADMIN_PLAIN_HTTP === 'behind-proxy';
  const faults: [string, string][] = [];
  if (certificate !== (settings.ADMIN_TLS_KEY_FILE !== undefined))
    faults.push([
      'ADMIN_TLS_CERTIFICATE_FILE',
      'ADMIN_TLS_CERTIFICATE_FILE and ADMIN_TLS_KEY_FILE must be set together',
    ]);
  if (!certificate && !behindProxy && !isLoopback(settings.ADMIN_HOST))
    faults.push([
      'ADMIN_HOST',
      'without TLS it must be a loopback address: set ADMIN_TLS_CERTIFICATE_FILE and ADMIN_TLS_KEY_FILE, or, where a proxy before it ends TLS, ADMIN_PLAIN_HTTP=behind-proxy with its address in ADMIN_TRUSTED_PROXIES',
    ]);
  if (behindProxy && certificate)
    faults.push([
      'ADMIN_PLAIN_HTTP',
      'behind-proxy means no TLS here: leave ADMIN_TLS_CERTIFICATE_FILE and ADMIN_TLS_KEY_FILE out',
    ]);
  if (behindProxy && settings.ADMIN_TRUSTED_PROXIES === undefined)
    faults.push(['ADMIN_PLAIN_HTTP', 'behind-proxy needs the address of the proxy in ADMIN_TRUSTED_PROXIES']);
  if (settings.ADMIN_CLIENT_CERTIFICATES !== 'off' && !certificate)
    faults.push(['ADMIN_CLIENT_CERTIFICATES', 'certificates are shown in TLS: set ADMIN_TLS_CERTIFICATE_FILE']);
  return faults;
}

export function listenerOf(config: Config): AdminListenerConfig {
  const { ADMIN_TLS_CERTIFICATE_FILE: certificateFile, ADMIN_TLS_KEY_FILE: keyFile } = config;
  return {
    handshakeTimeoutMs: config.ADMIN_HANDSHAKE_TIMEOUT_MS,
    ...(certificateFile !== undefined && keyFile !== undefined
      ? {
          tls: {
            files: { certificateFile, keyFile },
            asksForCertificates: config.ADMIN_CLIENT_CERTIFICATES === 'optional',
          },
        }
      : {}),
    ...(config.ADMIN_PLAIN_HTTP === 'behind-proxy'
      ? { plainHttpWith: config.ADMIN_TRUSTED_PROXIES?.split(',') ?? [] }
      : {}),
  };
}

/** What each program of this package is told, for those that start it and for docs/settings.md. */
export const settings = { 'admin-api': environment };

export type Config = z.output<typeof environment>;

export function readConfig(): Config {
  return readEnvironment('admin-api', environment, process.env);
}
