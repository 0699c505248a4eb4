import { stateKey } from '@sluice/contracts';
import { StateFollower } from '@sluice/messaging';
import { CLOCK, CONFIG, ON_FAULT, PublishedChanges, Shell } from '@sluice/service-shell';
import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AdaptersModule } from '../adapters/adapters.module.js';
import { capabilities } from '../adapters/capabilities.js';
import { FireTimers } from '../adapters/fire-timers.js';
import { PORTS_OF_FLOW, type PortsOfFlow } from '../adapters/ports-of-flow.js';
import { ProcessDirectAddresses } from '../adapters/process-direct-addresses.js';
import type { Config } from '../config.js';
import { MessagesModule } from '../messages/messages.module.js';
import { RUNTIME_ID } from '../messages/runtime-id.js';
import { FlowWorkers } from '../workers/flow-workers.js';
import { WorkersModule } from '../workers/workers.module.js';
import { CheckFlow } from './check-flow.js';
import { DeployFlow } from './deploy-flow.js';
import { DeployedFlows } from './deployed-flows.js';
import { findAddressesInPostgres } from './find-addresses.postgres.js';
import { FlowPresence } from './flow-presence.js';
import { FLOW_URL } from './flow-url.js';
import { FlowsController } from './flows.controller.js';
import { ImportFlows } from './import-flows.js';
import { JudgeFlows, RUNTIME_OFFER, type RuntimeOffer } from './judge-flows.js';
import { ReportRuntime } from './report-runtime.js';
import { UndeployFlow } from './undeploy-flow.js';

/** Which flows there are, and those that this runtime has started: it follows the records of the state stream. */
@Module({
  imports: [AdaptersModule, MessagesModule, WorkersModule],
  controllers: [FlowsController],
  providers: [
    { provide: FLOW_URL, inject: [CONFIG], useFactory: (config: Pick<Config, 'FLOW_URL'>) => config.FLOW_URL },
    {
      provide: DeployedFlows,
      inject: [PORTS_OF_FLOW, ProcessDirectAddresses, FlowWorkers, ON_FAULT],
      useFactory: (
        portsOf: PortsOfFlow,
        addresses: ProcessDirectAddresses,
        workers: FlowWorkers,
        onFault: Shell['onFault'],
      ) => new DeployedFlows(portsOf, addresses, workers, onFault),
    },
    FlowPresence,
    {
      provide: ReportRuntime,
      inject: [Shell, DataSource, DeployedFlows, RUNTIME_ID, CONFIG],
      useFactory: (
        { processName, onFault }: Shell,
        dataSource: DataSource,
        flows: DeployedFlows,
        id: string,
        config: Pick<Config, 'RUNTIME_GONE_AFTER_MS'>,
      ) => new ReportRuntime(dataSource, flows, { id, name: processName }, onFault, config.RUNTIME_GONE_AFTER_MS),
    },
    {
      provide: RUNTIME_OFFER,
      inject: [StateFollower],
      useFactory: (follower: StateFollower): RuntimeOffer => ({
        capabilities,
        roleExists: (role) => follower.held<'role'>(stateKey.role(role)).record !== undefined,
      }),
    },
    {
      provide: JudgeFlows,
      inject: [FlowWorkers, RUNTIME_OFFER],
      useFactory: (workers: FlowWorkers, offer: RuntimeOffer) => new JudgeFlows(workers, offer),
    },
    {
      provide: CheckFlow,
      inject: [JudgeFlows, DataSource],
      useFactory: (judge: JudgeFlows, dataSource: DataSource) =>
        new CheckFlow(judge, findAddressesInPostgres(dataSource)),
    },
    {
      provide: DeployFlow,
      inject: [PublishedChanges, JudgeFlows, CLOCK],
      useFactory: (changes: PublishedChanges, judge: JudgeFlows, now: () => number) =>
        new DeployFlow(changes, judge, now),
    },
    {
      provide: ImportFlows,
      inject: [DeployFlow, JudgeFlows],
      useFactory: (deployFlow: DeployFlow, judge: JudgeFlows) => new ImportFlows(deployFlow, judge),
    },
    UndeployFlow,
  ],
  exports: [DeployedFlows],
})
export class FlowsModule implements OnApplicationBootstrap, OnApplicationShutdown {
  #started = false;

  constructor(
    private readonly flows: DeployedFlows,
    private readonly presence: FlowPresence,
    private readonly runtimes: ReportRuntime,
    private readonly timers: FireTimers,
    follower: StateFollower,
  ) {
    follower.onChange(({ key }) => {
      if (!key.startsWith('flow.')) return;
      flows.apply(key.slice('flow.'.length), follower.held<'flow'>(key).record);
      this.#changed();
    });
    flows.onStateChanged = () => this.#changed();
    follower.onLoaded(() => {
      flows.replaceAll([...follower.heldOf('flow')].map(({ record }) => record));
      this.#changed();
    });
  }

  onApplicationBootstrap(): void {
    this.#started = true;
    this.timers.set(this.flows.timers());
    this.runtimes.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.runtimes.stop();
  }

  #changed(): void {
    if (this.#started) this.timers.set(this.flows.timers());
    this.presence.changed();
    this.runtimes.changed();
  }
}
