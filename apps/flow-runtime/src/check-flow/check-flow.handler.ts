import { checkFlow, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { toFlowCheck } from '../record/flow-view.js';
import { CheckFlow } from './check-flow.js';

@Controller()
export class CheckFlowHandler {
  constructor(private readonly useCase: CheckFlow) {}

  @Handles(checkFlow)
  async handle(@Payload() request: DecodedRequestOf<typeof checkFlow>): Promise<ResponseOf<typeof checkFlow>> {
    const { flows, others } = await this.useCase.execute(
      { mediaType: request.mediaType, content: Buffer.from(request.content, 'base64'), ports: request.ports },
      request.id,
    );
    return { flows: flows.map(toFlowCheck), others: [...others] };
  }
}
