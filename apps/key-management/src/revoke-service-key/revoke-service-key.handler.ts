import { revokeServiceKey, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { toServiceKeyView } from '../view/service-key-view.js';
import { RevokeServiceKey } from './revoke-service-key.js';

@Controller()
export class RevokeServiceKeyHandler {
  constructor(private readonly useCase: RevokeServiceKey) {}

  @Handles(revokeServiceKey)
  async handle(
    @Payload() request: DecodedRequestOf<typeof revokeServiceKey>,
  ): Promise<ResponseOf<typeof revokeServiceKey>> {
    const { value, propagation } = await this.useCase.execute({ ...request, actor: request.actor.name });
    return { serviceKey: toServiceKeyView(value.key, value.held, Date.now()), propagation };
  }
}
