import { stateKey } from '@sluice/contracts';
import { StateFollower } from '@sluice/messaging';
import { SecretSealer } from '@sluice/persistence';
import { CONFIG, sealerFromFile, Shell } from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { PostgresCredentialStore } from './credential-store.postgres.js';
import { DeleteReceiverCredential } from './delete-receiver-credential.js';
import { PutReceiverCredential } from './put-receiver-credential.js';
import { ReceiverCredentialsController } from './receiver-credentials.controller.js';

@Module({
  controllers: [ReceiverCredentialsController],
  providers: [
    {
      provide: SecretSealer,
      inject: [Shell, CONFIG],
      useFactory: (shell: Shell, config: Pick<Config, 'CREDENTIAL_KEY_FILE'>) =>
        sealerFromFile(shell, config.CREDENTIAL_KEY_FILE),
    },
    {
      provide: PostgresCredentialStore,
      inject: [DataSource, SecretSealer, StateFollower],
      useFactory: (dataSource: DataSource, sealer: SecretSealer, follower: StateFollower) =>
        new PostgresCredentialStore(
          dataSource,
          sealer,
          (alias) => follower.held<'receiver-credential'>(stateKey.receiverCredential(alias)).record?.version,
        ),
    },
    PutReceiverCredential,
    DeleteReceiverCredential,
  ],
  exports: [PostgresCredentialStore, SecretSealer],
})
export class ReceiverCredentialsModule {}
