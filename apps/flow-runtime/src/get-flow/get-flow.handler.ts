import { getFlow, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { Handles } from '@sluice/messaging';
import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { flowUrlToken } from '../deploy-flow/deploy-flow.handler.js';
import { FlowPresence } from '../deployed-flows/flow-presence.js';
import { ReportRuntime } from '../deployed-flows/report-runtime.js';
import { failedDeploymentSchema, flowSchema } from '../persistence/entities.js';
import { toFailedFlowView, toFailure, toFlowView } from '../record/flow-view.js';

@Controller()
export class GetFlowHandler {
  constructor(
    private readonly dataSource: DataSource,
    private readonly presence: FlowPresence,
    private readonly runtimes: ReportRuntime,
    @Inject(flowUrlToken) private readonly flowUrl: string,
  ) {}

  @Handles(getFlow)
  async handle(@Payload() { id }: DecodedRequestOf<typeof getFlow>): Promise<ResponseOf<typeof getFlow>> {
    const { manager } = this.dataSource;
    const row = await manager.findOneBy(flowSchema, { id });
    const failed = await manager.findOneBy(failedDeploymentSchema, { flowId: id });
    if (!row) {
      if (!failed) throw new SluiceError('not-found', `There is no flow ${id}.`);
      return toFailedFlowView(failed);
    }
    return {
      ...toFlowView(row, this.flowUrl, this.presence.statusOf(id), true),
      ...(failed ? { failure: toFailure(failed) } : {}),
      runtimes: await this.runtimes.holdersOf(id, Number(row.version)),
    };
  }
}
