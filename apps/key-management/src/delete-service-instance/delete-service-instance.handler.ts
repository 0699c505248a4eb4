import { deleteServiceInstance, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DeleteServiceInstance } from './delete-service-instance.js';

@Controller()
export class DeleteServiceInstanceHandler {
  constructor(private readonly useCase: DeleteServiceInstance) {}

  @Handles(deleteServiceInstance)
  async handle(
    @Payload() { id, force, actor }: DecodedRequestOf<typeof deleteServiceInstance>,
  ): Promise<ResponseOf<typeof deleteServiceInstance>> {
    const { propagation } = await this.useCase.execute({ id, force, actor: actor.name });
    return { propagation };
  }
}
