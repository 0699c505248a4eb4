import { createDataSource, initializeDataSource, type PersistenceOptions } from '@sluice/persistence';
import type { DataSource } from 'typeorm';
import type { Shell } from './shell.js';

/** What is read by `databaseEnvironment`. */
export interface DatabaseSettings {
  readonly DATABASE_URL: string;
  readonly DATABASE_POOL_SIZE: number;
}

/** The service's own schema, brought up to date. Waits for a database that is not up, and closes it when the service ends. */
export async function openDatabase(
  { processName, onFault, onShutdown }: Pick<Shell, 'processName' | 'onFault' | 'onShutdown'>,
  { DATABASE_URL: databaseUrl, DATABASE_POOL_SIZE: poolSize }: DatabaseSettings,
  tables: Pick<PersistenceOptions, 'schema' | 'entities' | 'migrations'>,
): Promise<DataSource> {
  const dataSource = createDataSource({ ...tables, databaseUrl, poolSize, applicationName: processName });
  await initializeDataSource(dataSource, (error) => onFault(error, 'connecting to Postgres'));
  onShutdown(() => dataSource.destroy());
  return dataSource;
}
