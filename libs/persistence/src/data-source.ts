import { DataSource, type EntitySchema, type MigrationInterface } from 'typeorm';
import { outboxSchema } from './outbox.js';

export interface PersistenceOptions {
  readonly databaseUrl: string;
  /** The one schema the service owns; its database role sees no other. */
  readonly schema: string;
  readonly entities: readonly EntitySchema[];
  readonly migrations: readonly (new () => MigrationInterface)[];
  readonly poolSize?: number;
  readonly applicationName: string;
}

/** A DataSource on the service's own schema. Nothing is connected yet. */
export function createDataSource(options: PersistenceOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    url: options.databaseUrl,
    schema: options.schema,
    entities: [...options.entities, outboxSchema],
    migrations: [...options.migrations],
    migrationsTableName: 'migration',
    synchronize: false,
    applicationName: options.applicationName,
    poolSize: options.poolSize ?? 10,
    extra: { options: `-c search_path=${options.schema}`, connectionTimeoutMillis: 5_000, query_timeout: 15_000 },
  });
}

/**
 * Connects and brings the schema up to date, one process at a time. Waits with growing delays for a database that is not up.
 * @param onWait told why it waits
 */
export async function initializeDataSource(dataSource: DataSource, onWait: (error: unknown) => void): Promise<void> {
  for (let pause = 100; ; pause = Math.min(pause * 2, 5_000)) {
    try {
      if (!dataSource.isInitialized) await dataSource.initialize();
      break;
    } catch (error) {
      onWait(error);
      await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
    }
  }
  const runner = dataSource.createQueryRunner();
  try {
    await runner.connect();
    await runner.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    await dataSource.runMigrations({ transaction: 'each' });
    await runner.query('SELECT pg_advisory_unlock($1)', [migrationLock]);
  } finally {
    await runner.release();
  }
}

/** Advisory locks are a database's, not a schema's; services wait for one another's migrations, which does no harm. */
const migrationLock = 7_001_001;
