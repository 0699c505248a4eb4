import { getFlow, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { Handles } from '@sluice/messaging';
import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { flowUrlToken } from '../deploy-flow/deploy-flow.handler.js';
import { FlowPresence } from '../deployed-flows/flow-presence.js';
import { flowSchema } from '../persistence/entities.js';
import { toFlowView } from '../record/flow-view.js';

@Controller()
export class GetFlowHandler {
  constructor(
    private readonly dataSource: DataSource,
    private readonly presence: FlowPresence,
    @Inject(flowUrlToken) private readonly flowUrl: string,
  ) {}

  @Handles(getFlow)
  async handle(@Payload() { id }: DecodedRequestOf<typeof getFlow>): Promise<ResponseOf<typeof getFlow>> {
    const row = await this.dataSource.manager.findOneBy(flowSchema, { id });
    if (!row) throw new SluiceError('not-found', `There is no flow ${id}.`);
    return toFlowView(row, this.flowUrl, this.presence.statusOf(id), true);
  }
}
