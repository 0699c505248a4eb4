import { aliasOfReceiverCredential, stateKey } from '@sluice/contracts';
import type { FlowCapability } from '@sluice/flow-engine';
import type { StateFollower } from '@sluice/messaging';
import { SecretSealer } from '@sluice/persistence';
import type { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { PostgresDataStore } from '../data-store/data-store.postgres.js';
import { SweepExpired } from '../data-store/sweep-expired.js';
import { ConnectionPools } from '../http-receiver/connection-pools.js';
import { UndiciHttpPort } from '../http-receiver/http-port.undici.js';
import { readTrustedRoots } from '../http-receiver/read-trusted-roots.js';
import { readReceiverHosts } from '../http-receiver/receiver-hosts.js';
import { PostgresMessageStore } from '../message-store/message-store.postgres.js';
import { InProcessProcessDirect, type ProcessDirectTarget } from '../process-direct/process-direct-port.in-process.js';
import { PostgresCredentialStore } from '../receiver-credential/credential-store.postgres.js';
import type { RunMessage } from '../run-message/run-message.js';
import { PostgresVariables } from '../variable/variables.postgres.js';
import type { PortsOfFlow } from './ports-of-flow.js';

export interface FlowEffectsParts {
  readonly config: Config;
  readonly dataSource: DataSource;
  readonly follower: StateFollower;
  readonly runMessage: RunMessage;
  readonly findProcessDirect: (address: string) => ProcessDirectTarget | undefined;
  readonly now: () => number;
  readonly newId: () => string;
  readonly onFault: (error: unknown, what: string) => void;
}

/** Everything flows do beyond their message in this runtime. */
export interface FlowEffects {
  readonly portsOf: PortsOfFlow;
  readonly capabilities: ReadonlySet<FlowCapability>;
  readonly sealer: SecretSealer;
  /** @param key of the state record that changed */
  credentialChanged(key: string): void;
  start(): void;
  stop(): Promise<void>;
}

export function wireFlowEffects(parts: FlowEffectsParts): FlowEffects {
  const { config, dataSource, follower, now, newId } = parts;
  const sealer = SecretSealer.fromFile(config.CREDENTIAL_KEY_FILE);
  const pools = new ConnectionPools(
    config.RECEIVER_ROOTS_FILE === undefined ? {} : { trustedRoots: readTrustedRoots(config.RECEIVER_ROOTS_FILE) },
  );
  const credentials = new PostgresCredentialStore(
    dataSource,
    sealer,
    (alias) => follower.held<'receiver-credential'>(stateKey.receiverCredential(alias)).record?.version,
  );
  const http = new UndiciHttpPort({
    pools,
    credentials,
    mayCall: readReceiverHosts(config.RECEIVER_HOSTS),
    maximumResponseBytes: config.RECEIVER_MAXIMUM_RESPONSE_MB * 1_048_576,
    now,
  });
  const sweep = new SweepExpired(dataSource, now, parts.onFault);
  return {
    portsOf: (flowId) => ({
      now,
      newId,
      http,
      processDirect: new InProcessProcessDirect(parts.findProcessDirect, parts.runMessage, flowId),
      dataStore: new PostgresDataStore(dataSource, sealer, now, flowId),
      variables: new PostgresVariables(dataSource, now, flowId),
      persist: new PostgresMessageStore(dataSource, sealer, now, flowId),
    }),
    capabilities: new Set<FlowCapability>(['http', 'processDirect', 'dataStore', 'variables', 'persist']),
    sealer,
    credentialChanged: (key) => http.credentialChanged(aliasOfReceiverCredential(key)),
    start: () => sweep.start(),
    stop: async () => {
      sweep.stop();
      await pools.close();
    },
  };
}
