import { DatabaseUrlError, hasPassword, parseDatabaseUrl, withCredentials } from '@sluice/persistence';
import { accessSync, constants, readFileSync } from 'node:fs';
import { z } from 'zod';
import { otelEnvironment } from './spans/otel-environment.js';

/** Thrown when the environment is not what a service needs; its message is one line a fault, for the person who starts it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** What every service is told. Files rather than values where it is a secret. */
export const shellEnvironment = z.object({
  NATS_URL: z
    .string()
    .regex(
      /^(nats|tls):\/\/[^,\s]+(,(nats|tls):\/\/[^,\s]+)*$/,
      'must be a nats:// or tls:// URL, or several separated by commas',
    )
    .describe('One server of the bus, or all of a cluster, separated by commas.'),
  NATS_SEED_FILE: z.string().min(1).describe('The NKey seed of the service on the bus.'),
  NATS_CA_FILE: z.string().min(1).describe('PEM of the root that the certificate of the bus ends in.'),
  HEALTH_HOST: z.string().default('127.0.0.1').describe('Address of the listener for /livez, /readyz and /metrics.'),
  HEALTH_PORT: z.coerce.number().int().min(0).max(65_535).default(0).describe('Its port; 0: any that is free.'),
  /** For tests alone: see inject-faults.ts. */
  FAULT_FILE: z.string().optional().describe('For tests alone.'),
  ...otelEnvironment,
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('The least important level that is logged.'),
});
export type ShellEnvironment = z.output<typeof shellEnvironment>;

/** A URL of Postgres, with the password in it or in `DATABASE_PASSWORD_FILE`: an environment can be read by others of the same user. */
const databaseUrl = z.string().superRefine((url, context) => {
  try {
    parseDatabaseUrl(url);
  } catch (error) {
    if (!(error instanceof DatabaseUrlError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});

/** A schema the database of a service is told by. */
export const databaseEnvironment = z.object({
  DATABASE_URL: databaseUrl.describe(
    'A postgres:// URL, with the password in it or in DATABASE_PASSWORD_FILE; with several hosts separated by commas, the one that can be written on is used.',
  ),
  DATABASE_PASSWORD_FILE: z.string().min(1).optional().describe('The password of the role, where the URL has none.'),
  DATABASE_POOL_SIZE: z.coerce
    .number()
    .int()
    .min(1)
    .max(200)
    .default(10)
    .describe('Connections to Postgres of one process.'),
});

/**
 * An empty value is one that is not set: compose has no other way to pass a variable on that may be absent.
 * @param service named in the sentence
 * @throws ConfigurationError that names every variable that is missing or wrong, never its value
 */
export function readEnvironment<Schema extends z.ZodType>(
  service: string,
  schema: Schema,
  environment: Readonly<Record<string, string | undefined>>,
): z.output<Schema> {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(withDatabasePassword(service, set));
  if (parsed.success) {
    requireFiles(service, parsed.data);
    return parsed.data;
  }
  const faults = parsed.error.issues.map((issue) => {
    const name = issue.path.join('.');
    return set[name] === undefined ? `${name} is not set` : `${name} is wrong: ${issue.message}`;
  });
  throw new ConfigurationError(`${service} cannot start: ${faults.join('; ')}.`);
}

/** What names a file is of use only when that can be read: else a part of the service would find out later, or not at all. */
function requireFiles(service: string, settings: unknown): void {
  const faults: string[] = [];
  for (const [name, value] of Object.entries(settings as Record<string, unknown>)) {
    // One for tests is made when a fault is wanted.
    if (!name.endsWith('_FILE') || name === 'FAULT_FILE') continue;
    for (const path of [value].flat()) {
      if (typeof path !== 'string') continue;
      try {
        accessSync(path, constants.R_OK);
      } catch (error) {
        faults.push(`${name} is wrong: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
      }
    }
  }
  if (faults.length > 0) throw new ConfigurationError(`${service} cannot start: ${faults.join('; ')}.`);
}

/** The same environment with the password of the file in the URL. */
function withDatabasePassword(
  service: string,
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  const { DATABASE_URL: url, DATABASE_PASSWORD_FILE: file } = environment;
  if (!file || url === undefined || !isDatabaseUrl(url)) return environment;
  if (hasPassword(url))
    throw new ConfigurationError(
      `${service} cannot start: DATABASE_URL has a password and DATABASE_PASSWORD_FILE is set: set one of the two.`,
    );
  try {
    const password = readFileSync(file, 'utf8').trim();
    return { ...environment, DATABASE_URL: withCredentials(url, { password }) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigurationError(`${service} cannot start: DATABASE_PASSWORD_FILE cannot be read (${code}).`);
  }
}

/** One that is not is told by the schema. */
function isDatabaseUrl(url: string): boolean {
  try {
    parseDatabaseUrl(url);
    return true;
  } catch {
    return false;
  }
}
