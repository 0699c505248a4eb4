import { databaseEnvironment, destinationEnvironment, readEnvironment, shellEnvironment } from '@sluice/service-shell';
import { defaultBusStoreMb, smallestBusStoreMb } from '@sluice/contracts';
import { z } from 'zod';

const environment = shellEnvironment
  .extend(databaseEnvironment.shape)
  .extend(destinationEnvironment.shape)
  .extend({
    /** 32 random bytes in base64: everything private is sealed under it. */
    MASTER_KEY_FILE: z.string().min(1),
    /** Ed25519 private key (PEM, PKCS#8) that signs state records, and the public keys that may. */
    RECORD_SIGNING_KEY_FILE: z.string().min(1),
    RECORD_KEYS_FILE: z.string().min(1),
    /** How long records of denied calls are kept. */
    DECISION_RETENTION_HOURS: z.coerce.number().min(1).default(168),
    /** `max_file_store` of the nats-servers, in MiB: the streams are made to fit. */
    BUS_STORE_MB: z.coerce.number().int().min(smallestBusStoreMb).default(defaultBusStoreMb),
    /** How many servers of the bus keep each stream: 1, or 3 or 5 of a cluster of at least as many. */
    BUS_REPLICAS: z
      .enum(['1', '3', '5'])
      .default('1')
      .transform((text) => Number(text)),
    /** A CRL longer than this is not fetched; octets. */
    LONGEST_CRL_BYTES: z.coerce
      .number()
      .int()
      .min(1_024)
      .default(128 * 1024 * 1024),
    /** Where relying parties reach the admin API's `/crl/`; goes into certificates. Without it they name no CRL. */
    CRL_BASE_URL: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .or(z.literal('').transform(() => undefined))
      .optional(),
    /** How often is looked for what has come due: expiring certificates, ends by schedule. */
    SWEEP_INTERVAL_MS: z.coerce.number().int().min(100).max(3_600_000).default(2_000),
    /** Days before a certificate expires at which `service-key.expiring` is said, separated by commas. */
    EXPIRING_DAYS: z
      .string()
      .default('30,14,7,3,1')
      .transform((text, context) => {
        const days = text.split(',').map((part) => Number(part.trim() || Number.NaN));
        if (days.every((day) => Number.isInteger(day) && day >= 1 && day <= 365)) return days;
        context.addIssue('must be whole numbers of days from 1 to 365, separated by commas');
        return z.NEVER;
      }),
    /** How often the newest hash of the audit trails goes out as the event audit.head. */
    AUDIT_HEAD_INTERVAL_SECONDS: z.coerce.number().int().min(1).default(3_600),
    /** Where senders call flows; goes into the credentials of each key. */
    FLOW_URL: z.url(),
  });

export type Config = z.output<typeof environment>;

export function readConfig(): Config {
  return readEnvironment('key-management', environment, process.env);
}
