import type { PersistenceOptions } from '@sluice/persistence';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { openDatabase, type DatabaseSettings } from '../open-database.js';
import { Shell } from '../shell.js';
import { CONFIG, TABLES } from './tokens.js';

/** The schema of a service: its name, entities and migrations. */
export type Tables = Pick<PersistenceOptions, 'schema' | 'entities' | 'migrations'>;

/** The service's own schema in Postgres, brought up to date before anything else begins. Provides the `DataSource`. */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(tables: Tables): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        { provide: TABLES, useValue: tables },
        {
          provide: DataSource,
          inject: [Shell, CONFIG],
          useFactory: (shell: Shell, config: DatabaseSettings) => openDatabase(shell, config, tables),
        },
      ],
      exports: [DataSource, TABLES],
    };
  }
}
