import { aliasOfReceiverCredential, stateKey } from '@sluice/contracts';
import type { FlowCapability, FlowDefinition, FlowProblem } from '@sluice/flow-engine';
import type { StateFollower } from '@sluice/messaging';
import type { SecretSealer } from '@sluice/persistence';
import type { Destinations } from '@sluice/service-shell';
import type { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { PostgresDataStore } from '../data-store/data-store.postgres.js';
import { SweepExpired } from '../data-store/sweep-expired.js';
import type { DeployedTimer } from '../deployed-flows/deployed-flows.js';
import { ConnectionPools } from '../http-receiver/connection-pools.js';
import { UndiciHttpPort } from '../http-receiver/http-port.undici.js';
import { readTrustedRoots } from '../http-receiver/read-trusted-roots.js';
import { readReceiverHosts } from '../http-receiver/receiver-hosts.js';
import { NodemailerMailPort } from '../mail/mail-port.nodemailer.js';
import { PostgresMessageStore } from '../message-store/message-store.postgres.js';
import { InProcessProcessDirect, type ProcessDirectTarget } from '../process-direct/process-direct-port.in-process.js';
import { PostgresCredentialStore } from '../receiver-credential/credential-store.postgres.js';
import type { RunMessage } from '../run-message/run-message.js';
import { QuickJsScripts } from '../script/script-port.quickjs.js';
import { FireTimers } from '../timer/fire-timers.js';
import { PostgresTimerClaims } from '../timer/timer-claims.postgres.js';
import { problemsOfTimers } from '../timer/timer-schedule.croner.js';
import { PostgresVariables } from '../variable/variables.postgres.js';
import type { PortsOfFlow } from './ports-of-flow.js';

export interface FlowEffectsParts {
  readonly config: Config;
  readonly destinations: Destinations;
  readonly dataSource: DataSource;
  readonly sealer: SecretSealer;
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
  /** What of a definition only trying tells. */
  problemsOf(definition: FlowDefinition): Promise<FlowProblem[]>;
  /** To be called with the timers of all started flows when these have changed. */
  timersChanged(timers: Iterable<DeployedTimer>): void;
  start(): void;
  stop(): Promise<void>;
}

export function wireFlowEffects(parts: FlowEffectsParts): FlowEffects {
  const { config, destinations, dataSource, sealer, follower, now, newId } = parts;
  const trustedRoots =
    config.RECEIVER_ROOTS_FILE === undefined ? {} : { trustedRoots: readTrustedRoots(config.RECEIVER_ROOTS_FILE) };
  const mayCall = readReceiverHosts(config.RECEIVER_HOSTS);
  const pools = new ConnectionPools({ destinations, ...trustedRoots });
  const credentials = new PostgresCredentialStore(
    dataSource,
    sealer,
    (alias) => follower.held<'receiver-credential'>(stateKey.receiverCredential(alias)).record?.version,
  );
  const http = new UndiciHttpPort({
    pools,
    credentials,
    mayCall,
    maximumResponseBytes: config.RECEIVER_MAXIMUM_RESPONSE_MB * 1_048_576,
    now,
  });
  const mail = new NodemailerMailPort({ credentials, destinations, mayCall, ...trustedRoots });
  const scripts = new QuickJsScripts({
    threads: config.SCRIPT_THREADS,
    timeLimitMs: config.SCRIPT_TIME_LIMIT_MS,
    memoryLimitBytes: config.SCRIPT_MEMORY_MB * 1_048_576,
    onFault: parts.onFault,
  });
  const timers = new FireTimers({
    claims: new PostgresTimerClaims(dataSource, now),
    runMessage: parts.runMessage,
    now,
    onFault: parts.onFault,
  });
  let started = false;
  let deployedTimers: readonly DeployedTimer[] = [];
  const sweep = new SweepExpired(dataSource, now, parts.onFault);
  return {
    portsOf: (flowId) => ({
      now,
      newId,
      http,
      mail,
      script: scripts.ofFlow(flowId),
      processDirect: new InProcessProcessDirect(parts.findProcessDirect, parts.runMessage, flowId),
      dataStore: new PostgresDataStore(dataSource, sealer, now, flowId),
      variables: new PostgresVariables(dataSource, now, flowId),
      persist: new PostgresMessageStore(dataSource, sealer, now, flowId),
    }),
    capabilities: new Set<FlowCapability>([
      'http',
      'mail',
      'processDirect',
      'dataStore',
      'variables',
      'persist',
      'script',
      'timer',
    ]),
    problemsOf: async (definition) => [...problemsOfTimers(definition), ...(await scripts.check(definition))],
    sealer,
    credentialChanged: (key) => http.credentialChanged(aliasOfReceiverCredential(key)),
    timersChanged: (changed) => {
      deployedTimers = [...changed];
      if (started) timers.set(deployedTimers);
    },
    start: () => {
      started = true;
      sweep.start();
      timers.set(deployedTimers);
    },
    stop: async () => {
      sweep.stop();
      await timers.stop();
      await scripts.stop();
      await pools.close();
    },
  };
}
