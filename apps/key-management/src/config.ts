import {
  databaseEnvironment,
  destinationEnvironment,
  idempotentAnswersEnvironment,
  readEnvironment,
  shellEnvironment,
} from '@sluice/service-shell';
import { defaultBusStoreMb, minBusStoreMb } from '@sluice/contracts';
import { z } from 'zod';

const environment = shellEnvironment
  .extend(databaseEnvironment.shape)
  .extend(destinationEnvironment.shape)
  .extend(idempotentAnswersEnvironment.shape)
  .extend({
    MASTER_KEY_FILE: z.string().min(1).describe('32 random bytes in base64: everything private is sealed under it.'),
    RECORD_SIGNING_KEY_FILE: z.string().min(1).describe('Ed25519 private key (PEM, PKCS#8) that signs state records.'),
    RECORD_KEYS_FILE: z.string().min(1).describe('PEM of the public keys that sign state records.'),
    DECISION_RETENTION_HOURS: z.coerce
      .number()
      .min(1)
      .default(168)
      .describe('How long records of denied calls are kept.'),
    BUS_STORE_MB: z.coerce
      .number()
      .int()
      .min(minBusStoreMb)
      .default(defaultBusStoreMb)
      .describe('`max_file_store` of the nats-servers, in MiB: the streams are made to fit.'),
    BUS_REPLICAS: z
      .enum(['1', '3', '5'])
      .default('1')
      .transform((text) => Number(text))
      .describe('How many servers of the bus keep each stream: 1, or 3 or 5 of a cluster of at least as many.'),
    LONGEST_CRL_BYTES: z.coerce
      .number()
      .int()
      .min(1_024)
      .default(128 * 1024 * 1024)
      .describe('A CRL longer than this is not fetched; octets.'),
    CRL_BASE_URL: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .optional()
      .describe(
        "Where relying parties reach the admin API's `/crl/`; goes into certificates. Without it they name no CRL.",
      ),
    SWEEP_INTERVAL_MS: z.coerce
      .number()
      .int()
      .min(100)
      .max(3_600_000)
      .default(2_000)
      .describe('How often is looked for what has come due: expiring certificates, ends by schedule.'),
    EXPIRING_DAYS: z
      .string()
      .default('30,14,7,3,1')
      .transform((text, context) => {
        const days = text.split(',').map((part) => Number(part.trim() || Number.NaN));
        if (days.every((day) => Number.isInteger(day) && day >= 1 && day <= 365)) return days;
        context.addIssue('must be whole numbers of days from 1 to 365, separated by commas');
        return z.NEVER;
      })
      .describe(
        'Days before a certificate or a secret expires at which `service-key.expiring` is said, separated by commas.',
      ),
    AUDIT_HEAD_INTERVAL_SECONDS: z.coerce
      .number()
      .int()
      .min(1)
      .default(3_600)
      .describe('How often the newest hash of the audit trails goes out as the event audit.head.'),
    TOKEN_KEY_DAYS: z.coerce
      .number()
      .int()
      .min(1)
      .max(365)
      .default(90)
      .describe('How long a key signs access tokens until the next one does.'),
    FOUR_EYES: z
      .enum(['off', 'on'])
      .default('off')
      .describe(
        'Whether what cannot be undone (deleting an instance with its keys, retiring by force or revoking an issuing CA, removing a trusted root) is proposed by one administrator and approved by another.',
      ),
    FOUR_EYES_HOURS: z.coerce
      .number()
      .int()
      .min(1)
      .max(720)
      .default(24)
      .describe('How long a proposal waits for its approval.'),
    FLOW_URL: z
      .url()
      .transform((url) => url.replace(/\/+$/, ''))
      .describe(
        'Where senders call flows; goes into the credentials of each key, and is the issuer that access tokens name.',
      ),
    ADMIN_API_URL: z
      .url()
      .default('http://127.0.0.1:8080')
      .transform((url) => url.replace(/\/+$/, ''))
      .describe('Where the admin API is called; goes into the credentials of keys of plan api.'),
  });

/** What each program of this package is told, for those that start it and for docs/settings.md. */
export const settings = { 'key-management': environment };

export type Config = z.output<typeof environment>;

export function readConfig(): Config {
  return readEnvironment('key-management', environment, process.env);
}
