import { revokeServiceInstance, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { toServiceKeyView } from '../view/service-key-view.js';
import { RevokeServiceInstance } from './revoke-service-instance.js';

@Controller()
export class RevokeServiceInstanceHandler {
  constructor(private readonly useCase: RevokeServiceInstance) {}

  @Handles(revokeServiceInstance)
  async handle(
    @Payload() request: DecodedRequestOf<typeof revokeServiceInstance>,
  ): Promise<ResponseOf<typeof revokeServiceInstance>> {
    const { value, propagation } = await this.useCase.execute({ ...request, actor: request.actor.name });
    const now = Date.now();
    return { serviceKeys: value.map(({ key, held }) => toServiceKeyView(key, held, now)), propagation };
  }
}
