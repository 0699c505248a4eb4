import { databaseEnvironment, readEnvironment, shellEnvironment } from '@sluice/service-shell';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);

const environment = shellEnvironment
  .extend(databaseEnvironment.shape)
  .extend({
    RECORD_KEYS_FILE: z.string().min(1),
    /** Where senders reach the endpoints; goes into the answers of the API. */
    FLOW_URL: z.url(),
    /** The public listener: senders connect with their certificates. */
    FLOW_HOST: z.string().default('127.0.0.1'),
    FLOW_PORT: port,
    TLS_CERTIFICATE_FILE: z.string().min(1),
    TLS_KEY_FILE: z.string().min(1),
    /** The proxy-facing listener; none when PROXY_PORT is absent. It admits who has a certificate of PROXY_CA_FILE. */
    PROXY_HOST: z.string().default('127.0.0.1'),
    PROXY_PORT: port.optional(),
    PROXY_CA_FILE: z.string().optional(),
    /** How long verdicts are trusted after the state stream was last known to be followed to its end. */
    LEASE_MS: z.coerce.number().int().min(1_000).max(600_000).default(10_000),
    VERDICT_CACHE_SIZE: z.coerce.number().int().min(100).default(1_000_000),
    /** How long connections are still served at the end, each answer closing its own: for load balancers that reuse them. */
    DRAIN_MS: z.coerce.number().int().min(0).max(10_000).default(0),
  })
  .refine((value) => value.PROXY_PORT === undefined || value.PROXY_CA_FILE !== undefined, {
    path: ['PROXY_CA_FILE'],
    message: 'must be set with PROXY_PORT: the proxy-facing listener admits nobody without it',
  });

export type Config = z.output<typeof environment>;

export function readConfig(): Config {
  return readEnvironment('flow-runtime', environment, process.env);
}
