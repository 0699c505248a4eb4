import { updateServiceInstance, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { toServiceInstanceView } from '../view/service-instance-view.js';
import { UpdateServiceInstance } from './update-service-instance.js';

@Controller()
export class UpdateServiceInstanceHandler {
  constructor(private readonly useCase: UpdateServiceInstance) {}

  @Handles(updateServiceInstance)
  async handle(
    @Payload() request: DecodedRequestOf<typeof updateServiceInstance>,
  ): Promise<ResponseOf<typeof updateServiceInstance>> {
    const { value, propagation } = await this.useCase.execute({ ...request, actor: request.actor.name });
    return { serviceInstance: toServiceInstanceView(value), propagation };
  }
}
