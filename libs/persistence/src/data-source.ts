import { DataSource, type MigrationInterface } from 'typeorm';
import { nameMigrations, refuseNewerSchema, sluiceVersion } from './known-migrations.js';
import { createRowLockTable } from './row-lock.js';
import { clientFor } from './servers/postgres-client.js';

export interface PersistenceOptions {
  /** With one host or several. */
  readonly databaseUrl: string;
  /** The one schema the service owns; its database role sees no other. */
  readonly schema: string;
  /** Classes with decorators: each says its columns once. */
  readonly entities: readonly (new () => object)[];
  readonly migrations: readonly (new () => MigrationInterface)[];
  readonly poolSize?: number;
  readonly applicationName: string;
}

/** A DataSource on the service's own schema. Nothing is connected yet. */
export function createDataSource(options: PersistenceOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    schema: options.schema,
    entities: [...options.entities],
    migrations: [...options.migrations],
    migrationsTableName: 'migration',
    synchronize: false,
    applicationName: options.applicationName,
    poolSize: options.poolSize ?? 10,
    extra: {
      options: `-c search_path=${options.schema} ${sessionTimeouts}`,
      // Finds the right one of several servers; TypeORM's own options know one.
      Client: clientFor(options.databaseUrl),
      connectionTimeoutMillis: connectionTimeoutMs,
      query_timeout: queryTimeoutMs,
    },
  });
}

const statementTimeoutMs = 15_000;
export const queryTimeoutMs = statementTimeoutMs + 1_000;
/** For a connection, of the pool or a new one. A caller waits five seconds, and is to hear the reason. */
const connectionTimeoutMs = 4_500;
/** What waits longer than this for a row is refused, before its caller has given up. */
const lockTimeoutMs = 4_000;
/** Longer than anything that is done between two statements: a process that froze lets go of its rows after it. */
const idleInTransactionMs = 60_000;
export const sessionTimeouts = [
  `-c statement_timeout=${statementTimeoutMs}`,
  `-c lock_timeout=${lockTimeoutMs}`,
  `-c idle_in_transaction_session_timeout=${idleInTransactionMs}`,
].join(' ');

/**
 * Connects and brings the schema up to date, one process at a time. Waits with growing delays for a database that is not up.
 * @param onWait told why it waits
 * @param version of Sluice that this is
 * @throws NewerSchema when a later version changed the schema in a way this one may not live with: then nothing is changed
 */
export async function initializeDataSource(
  dataSource: DataSource,
  onWait: (error: unknown) => void,
  version = sluiceVersion,
): Promise<void> {
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
    await atOnce(() => runner.query('CREATE UNLOGGED TABLE IF NOT EXISTS migration_lock ()'));
    await atOnce(() => createRowLockTable(runner));
    await runner.startTransaction();
    // It waits as long as another process migrates, without a statement in between.
    await runner.query('SET LOCAL lock_timeout = 0');
    await runner.query('SET LOCAL statement_timeout = 0');
    await runner.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await runner.query('LOCK TABLE migration_lock IN EXCLUSIVE MODE');
    await refuseNewerSchema(dataSource, schemaOf(dataSource), version);
    await dataSource.runMigrations({ transaction: 'each' });
    await nameMigrations(dataSource, version);
    await runner.commitTransaction();
  } catch (error) {
    if (runner.isTransactionActive) await runner.rollbackTransaction();
    throw error;
  } finally {
    await runner.release();
  }
}

function schemaOf({ options }: DataSource): string {
  return 'schema' in options && typeof options.schema === 'string' ? options.schema : 'public';
}

/** Of processes that make a table at once one does; the others are told that it is there, in one of three ways. */
async function atOnce(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    const { code } = (error as { driverError?: { code?: string } }).driverError ?? {};
    if (code !== '23505' && code !== '42P07' && code !== '42710') throw error;
  }
}
