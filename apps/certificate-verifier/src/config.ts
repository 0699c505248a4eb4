import { destinationEnvironment, readEnvironment, shellEnvironment } from '@sluice/service-shell';
import { z } from 'zod';

const environment = shellEnvironment.extend(destinationEnvironment.shape).extend({
  RECORD_KEYS_FILE: z.string().min(1),
  /** Records of keys remembered; the others are fetched when a certificate comes that needs them. */
  RECORD_CACHE_SIZE: z.coerce.number().int().min(100).default(100_000),
  /** Verifications under way at once; one more is refused as `overloaded`. */
  MAXIMUM_IN_FLIGHT: z.coerce.number().int().min(1).default(256),
});

export type Config = z.output<typeof environment>;

export function readConfig(): Config {
  return readEnvironment('certificate-verifier', environment, process.env);
}
