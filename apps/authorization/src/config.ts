import {
  databaseEnvironment,
  idempotentAnswersEnvironment,
  readEnvironment,
  shellEnvironment,
} from '@sluice/service-shell';
import { z } from 'zod';

const environment = shellEnvironment
  .extend(databaseEnvironment.shape)
  .extend(idempotentAnswersEnvironment.shape)
  .extend({
    RECORD_KEYS_FILE: z.string().min(1).describe('PEM of the public keys that sign state records.'),
    RECORD_CACHE_SIZE: z.coerce
      .number()
      .int()
      .min(100)
      .default(100_000)
      .describe('Records of service instances and of keys remembered; the others are fetched when they are asked for.'),
    CALLOUT_SEED_FILE: z
      .string()
      .min(1)
      .describe('File with the nkey seed by which it answers the servers of NATS who may subscribe.'),
    SUBSCRIBER_ISSUER_FILE: z
      .string()
      .min(1)
      .describe('File with the account nkey seed that these answers are signed with; NATS has the public key.'),
    INITIAL_ADMIN_TOKEN_HASH_FILE: z
      .string()
      .min(1)
      .optional()
      .describe(
        'File with the SHA-256 (hex) of the first admin token; it is entered once, when no token that may do everything is good.',
      ),
    INSTALLATION_TOKENS_FILE: z
      .string()
      .min(1)
      .optional()
      .describe(
        'File with a line for each part of the installation that calls the admin API: its name, its rights with a comma between two, and the SHA-256 (hex) of its token. Without, there are none.',
      ),
  });

/** What each program of this package is told, for those that start it and for docs/settings.md. */
export const settings = { authorization: environment };

export type Config = z.output<typeof environment>;

export function readConfig(): Config {
  return readEnvironment('authorization', environment, process.env);
}
