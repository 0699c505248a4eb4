import { destinationEnvironment, readEnvironment, shellEnvironment } from '@sluice/service-shell';
import { z } from 'zod';

const environment = shellEnvironment.extend(destinationEnvironment.shape).extend({
  ADMIN_HOST: z.string().default('127.0.0.1').describe('Address of the HTTP listener of the admin API.'),
  ADMIN_PORT: z.coerce.number().int().min(0).max(65_535).describe('Its port.'),
});

/** What each program of this package is told, for those that start it and for docs/settings.md. */
export const settings = { 'admin-api': environment };

export type Config = z.output<typeof environment>;

export function readConfig(): Config {
  return readEnvironment('admin-api', environment, process.env);
}
