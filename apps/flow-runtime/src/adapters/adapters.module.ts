import { aliasOfReceiverCredential } from '@sluice/contracts';
import { StateFollower } from '@sluice/messaging';
import { SecretSealer } from '@sluice/persistence';
import { CLOCK, CONFIG, Destinations, ON_FAULT, openDestinations, Shell } from '@sluice/service-shell';
import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { MessagesModule } from '../messages/messages.module.js';
import { RunMessage } from '../messages/run-message.js';
import { PostgresCredentialStore } from '../receiver-credentials/credential-store.postgres.js';
import { ReceiverCredentialsModule } from '../receiver-credentials/receiver-credentials.module.js';
import { PostgresDataStore } from '../stores/data-store.postgres.js';
import { PostgresMessageStore } from '../stores/message-store.postgres.js';
import { StoresModule } from '../stores/stores.module.js';
import { PostgresVariables } from '../stores/variables.postgres.js';
import { ConnectionPools } from './connection-pools.js';
import { FireTimers } from './fire-timers.js';
import { UndiciHttpPort } from './http-port.undici.js';
import { NodemailerMailPort } from './mail-port.nodemailer.js';
import { PORTS_OF_FLOW, type PortsOfFlow } from './ports-of-flow.js';
import { ProcessDirectAddresses } from './process-direct-addresses.js';
import { InProcessProcessDirect } from './process-direct-port.in-process.js';
import { readTrustedRoots } from './read-trusted-roots.js';
import { readReceiverHosts } from './receiver-hosts.js';
import { PostgresTimerClaims } from './timer-claims.postgres.js';

/** Everything flows do beyond their message: receivers, timers, other flows. Provides the ports of each flow. */
@Module({
  imports: [MessagesModule, ReceiverCredentialsModule, StoresModule],
  providers: [
    ProcessDirectAddresses,
    {
      provide: Destinations,
      inject: [Shell, CONFIG],
      useFactory: (shell: Shell, config: Config) => openDestinations(shell, config),
    },
    {
      provide: ConnectionPools,
      inject: [Destinations, CONFIG],
      useFactory: (destinations: Destinations, config: Config) =>
        new ConnectionPools({ destinations, ...trustedRootsOf(config) }),
    },
    {
      provide: UndiciHttpPort,
      inject: [ConnectionPools, PostgresCredentialStore, CONFIG, CLOCK],
      useFactory: (pools: ConnectionPools, credentials: PostgresCredentialStore, config: Config, now: () => number) =>
        new UndiciHttpPort({
          pools,
          credentials,
          mayCall: readReceiverHosts(config.RECEIVER_HOSTS),
          maximumResponseBytes: config.RECEIVER_MAXIMUM_RESPONSE_MB * 1_048_576,
          now,
        }),
    },
    {
      provide: NodemailerMailPort,
      inject: [PostgresCredentialStore, Destinations, CONFIG],
      useFactory: (credentials: PostgresCredentialStore, destinations: Destinations, config: Config) =>
        new NodemailerMailPort({
          credentials,
          destinations,
          mayCall: readReceiverHosts(config.RECEIVER_HOSTS),
          ...trustedRootsOf(config),
        }),
    },
    {
      provide: FireTimers,
      inject: [DataSource, RunMessage, CLOCK, ON_FAULT],
      useFactory: (dataSource: DataSource, runMessage: RunMessage, now: () => number, onFault: Shell['onFault']) =>
        new FireTimers({ claims: new PostgresTimerClaims(dataSource, now), runMessage, now, onFault }),
    },
    {
      provide: PORTS_OF_FLOW,
      inject: [UndiciHttpPort, NodemailerMailPort, ProcessDirectAddresses, RunMessage, DataSource, SecretSealer, CLOCK],
      useFactory:
        (
          http: UndiciHttpPort,
          mail: NodemailerMailPort,
          addresses: ProcessDirectAddresses,
          runMessage: RunMessage,
          dataSource: DataSource,
          sealer: SecretSealer,
          now: () => number,
        ): PortsOfFlow =>
        (flowId) => ({
          now,
          newId: () => randomUUID(),
          http,
          mail,
          processDirect: new InProcessProcessDirect((address) => addresses.find(address), runMessage, flowId),
          dataStore: new PostgresDataStore(dataSource, sealer, now, flowId),
          variables: new PostgresVariables(dataSource, now, flowId),
          persist: new PostgresMessageStore(dataSource, sealer, now, flowId),
        }),
    },
  ],
  exports: [FireTimers, ProcessDirectAddresses, PORTS_OF_FLOW],
})
export class AdaptersModule implements OnApplicationShutdown {
  constructor(
    private readonly timers: FireTimers,
    private readonly pools: ConnectionPools,
    http: UndiciHttpPort,
    follower: StateFollower,
  ) {
    follower.onChange(({ key }) => {
      if (key.startsWith('receiver-credential.')) http.credentialChanged(aliasOfReceiverCredential(key));
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.timers.stop();
    await this.pools.close();
  }
}

function trustedRootsOf({ RECEIVER_ROOTS_FILE: file }: Config): { trustedRoots?: string } {
  return file === undefined ? {} : { trustedRoots: readTrustedRoots(file) };
}
