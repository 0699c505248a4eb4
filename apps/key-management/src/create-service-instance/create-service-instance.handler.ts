import { createServiceInstance, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { toServiceInstanceView } from '../view/service-instance-view.js';
import { CreateServiceInstance } from './create-service-instance.js';

@Controller()
export class CreateServiceInstanceHandler {
  constructor(private readonly useCase: CreateServiceInstance) {}

  @Handles(createServiceInstance)
  async handle(
    @Payload() request: DecodedRequestOf<typeof createServiceInstance>,
  ): Promise<ResponseOf<typeof createServiceInstance>> {
    const { value, propagation } = await this.useCase.execute({ ...request, actor: request.actor.name });
    return { serviceInstance: toServiceInstanceView(value), propagation };
  }
}
