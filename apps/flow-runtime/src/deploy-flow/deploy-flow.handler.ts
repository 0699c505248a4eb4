import { deployFlow, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { toFlowView } from '../record/flow-view.js';
import { FlowPresence } from '../deployed-flows/flow-presence.js';
import { DeployFlow } from './deploy-flow.js';

export const flowUrlToken = Symbol('FLOW_URL');

@Controller()
export class DeployFlowHandler {
  constructor(
    private readonly useCase: DeployFlow,
    private readonly presence: FlowPresence,
    @Inject(flowUrlToken) private readonly flowUrl: string,
  ) {}

  /** Answers when this runtime has started the flow, so that a call right after the answer finds it. */
  @Handles(deployFlow)
  async handle(@Payload() request: DecodedRequestOf<typeof deployFlow>): Promise<ResponseOf<typeof deployFlow>> {
    const { row, outcome, propagation } = await this.useCase.execute({
      id: request.id,
      mediaType: request.mediaType,
      content: Buffer.from(request.content, 'base64'),
      ports: request.ports,
      actor: request.actor.name,
    });
    if (propagation === 'published') await this.presence.started(row.id, Number(row.version));
    return {
      flow: toFlowView(row, this.flowUrl, this.presence.statusOf(row.id), true),
      created: outcome === 'created',
      propagation,
    };
  }
}
