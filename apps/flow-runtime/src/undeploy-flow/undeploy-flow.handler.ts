import { undeployFlow, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { FlowPresence } from '../deployed-flows/flow-presence.js';
import { UndeployFlow } from './undeploy-flow.js';

@Controller()
export class UndeployFlowHandler {
  constructor(
    private readonly useCase: UndeployFlow,
    private readonly presence: FlowPresence,
  ) {}

  @Handles(undeployFlow)
  async handle(
    @Payload() { id, actor }: DecodedRequestOf<typeof undeployFlow>,
  ): Promise<ResponseOf<typeof undeployFlow>> {
    const { propagation } = await this.useCase.execute({ id, actor: actor.name });
    if (propagation === 'published') await this.presence.gone(id);
    return { propagation };
  }
}
