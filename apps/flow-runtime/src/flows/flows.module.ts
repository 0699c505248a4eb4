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
import { QuickJsScripts } from '../adapters/script-port.quickjs.js';
import { problemsOfTimers } from '../adapters/timer-schedule.croner.js';
import type { Config } from '../config.js';
import { MessagesModule } from '../messages/messages.module.js';
import { RUNTIME_ID } from '../messages/runtime-id.js';
import { CheckFlow } from './check-flow.js';
import { DeployFlow } from './deploy-flow.js';
import { DeployedFlows } from './deployed-flows.js';
import { findAddressesInPostgres } from './find-addresses.postgres.js';
import { FlowPresence } from './flow-presence.js';
import { FLOW_URL } from './flow-url.js';
import { FlowsController } from './flows.controller.js';
import { ImportFlows } from './import-flows.js';
import { RUNTIME_OFFER, type RuntimeOffer } from './judge-flows.js';
import { ReportRuntime } from './report-runtime.js';
import { UndeployFlow } from './undeploy-flow.js';

/** Which flows there are, and those that this runtime has started: it follows the records of the state stream. */
@Module({
  imports: [AdaptersModule, MessagesModule],
  controllers: [FlowsController],
  providers: [
    { provide: FLOW_URL, inject: [CONFIG], useFactory: (config: Pick<Config, 'FLOW_URL'>) => config.FLOW_URL },
    {
      provide: DeployedFlows,
      inject: [PORTS_OF_FLOW, ProcessDirectAddresses, ON_FAULT],
      useFactory: (portsOf: PortsOfFlow, addresses: ProcessDirectAddresses, onFault: Shell['onFault']) =>
        new DeployedFlows(portsOf, addresses, onFault),
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
      inject: [QuickJsScripts, StateFollower],
      useFactory: (scripts: QuickJsScripts, follower: StateFollower): RuntimeOffer => ({
        capabilities,
        problemsOf: async (definition) => [...problemsOfTimers(definition), ...(await scripts.check(definition))],
        roleExists: (role) => follower.held<'role'>(stateKey.role(role)).record !== undefined,
      }),
    },
    {
      provide: CheckFlow,
      inject: [RUNTIME_OFFER, DataSource],
      useFactory: (offer: RuntimeOffer, dataSource: DataSource) =>
        new CheckFlow(offer, findAddressesInPostgres(dataSource)),
    },
    {
      provide: DeployFlow,
      inject: [PublishedChanges, RUNTIME_OFFER, CLOCK],
      useFactory: (changes: PublishedChanges, offer: RuntimeOffer, now: () => number) =>
        new DeployFlow(changes, offer, now),
    },
    {
      provide: ImportFlows,
      inject: [DeployFlow, RUNTIME_OFFER],
      useFactory: (deployFlow: DeployFlow, offer: RuntimeOffer) => new ImportFlows(deployFlow, offer),
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
