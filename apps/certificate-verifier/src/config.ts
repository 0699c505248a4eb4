import { destinationEnvironment, readEnvironment, shellEnvironment } from '@sluice/service-shell';
import { z } from 'zod';

const environment = shellEnvironment.extend(destinationEnvironment.shape).extend({
  RECORD_KEYS_FILE: z.string().min(1).describe('PEM of the public keys that sign state records.'),
  RECORD_CACHE_SIZE: z.coerce
    .number()
    .int()
    .min(100)
    .default(100_000)
    .describe('Records of keys remembered; the others are fetched when a certificate comes that needs them.'),
  MAXIMUM_IN_FLIGHT: z.coerce
    .number()
    .int()
    .min(1)
    .default(256)
    .describe('Verifications under way at once; one more is refused as `overloaded`.'),
});

/** What each program of this package is told, for those that start it and for docs/settings.md. */
export const settings = { 'certificate-verifier': environment };

export type Config = z.output<typeof environment>;

export function readConfig(): Config {
  return readEnvironment('certificate-verifier', environment, process.env);
}
