import type { StateRecord, StateWriter } from '@sluice/contracts';
import { RecordReader, RecordSigner, StateBucket, StateFollower } from '@sluice/messaging';
import { Global, Module, type DynamicModule, type OnModuleInit, type Provider } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CompareState } from '../compare-state.js';
import { compareStateController } from '../compare-state.controller.js';
import { signerFromFile } from '../follow-record-keys.js';
import type { DatabaseSettings } from '../open-database.js';
import { PublishedChanges } from '../publish-changes.js';
import { Shell } from '../shell.js';
import type { Tables } from './database.module.js';
import { CONFIG, TABLES } from './tokens.js';

export interface PublishedChangesModuleOptions {
  readonly writer: StateWriter;
  /** Every record of the service as Postgres has it. */
  readonly records: (dataSource: DataSource) => AsyncIterable<StateRecord>;
  /** Whether its records are signed; then `RecordSigner` is provided as well. */
  readonly signs?: boolean;
}

interface SigningSettings {
  readonly RECORD_SIGNING_KEY_FILE: string;
  readonly RECORD_KEYS_FILE: string;
}

const signer: Provider = {
  provide: RecordSigner,
  inject: [Shell, CONFIG],
  useFactory: (shell: Shell, config: SigningSettings) =>
    signerFromFile(shell, config.RECORD_SIGNING_KEY_FILE, config.RECORD_KEYS_FILE),
};

/** The way of every change of a service that writes. Needs `DatabaseModule` and `StateModule`; provides `PublishedChanges`. */
@Global()
@Module({})
export class PublishedChangesModule implements OnModuleInit {
  constructor(private readonly changes: PublishedChanges) {}

  static forRoot({ writer, records, signs }: PublishedChangesModuleOptions): DynamicModule {
    return {
      module: PublishedChangesModule,
      controllers: [compareStateController(writer)],
      providers: [
        ...(signs ? [signer] : []),
        {
          provide: PublishedChanges,
          inject: [
            Shell,
            CONFIG,
            TABLES,
            DataSource,
            StateFollower,
            StateBucket,
            RecordReader,
            ...(signs ? [RecordSigner] : []),
          ],
          useFactory: (
            shell: Shell,
            config: DatabaseSettings,
            { schema }: Tables,
            dataSource: DataSource,
            follower: StateFollower,
            bucket: StateBucket,
            reader: RecordReader,
            recordSigner?: RecordSigner,
          ) =>
            new PublishedChanges(shell, {
              databaseUrl: config.DATABASE_URL,
              schema,
              dataSource,
              writer,
              follower,
              bucket,
              reader,
              ...(recordSigner ? { signer: recordSigner } : {}),
              records: () => records(dataSource),
            }),
        },
        {
          provide: CompareState,
          inject: [StateBucket, RecordReader, DataSource],
          useFactory: (bucket: StateBucket, reader: RecordReader, dataSource: DataSource) =>
            new CompareState({ writer, bucket, reader, dataSource, records: () => records(dataSource) }),
        },
      ],
      exports: [PublishedChanges, ...(signs ? [RecordSigner] : [])],
    };
  }

  onModuleInit(): Promise<void> {
    return this.changes.start();
  }
}
