import { destinationEnvironment, readEnvironment, shellEnvironment } from '@sluice/service-shell';
import { z } from 'zod';
import { checkTogether, oidcShape } from './sign-in/oidc-environment.js';

const environment = shellEnvironment
  .extend(destinationEnvironment.shape)
  .extend(oidcShape)
  .extend({
    ADMIN_HOST: z.string().default('127.0.0.1').describe('Address of the HTTP listener of the admin API.'),
    ADMIN_PORT: z.coerce.number().int().min(0).max(65_535).describe('Its port.'),
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
  .superRefine(checkTogether);

/** What each program of this package is told, for those that start it and for docs/settings.md. */
export const settings = { 'admin-api': environment };

export type Config = z.output<typeof environment>;

export function readConfig(): Config {
  return readEnvironment('admin-api', environment, process.env);
}
