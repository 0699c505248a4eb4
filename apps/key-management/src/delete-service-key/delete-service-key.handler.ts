import { deleteServiceKey, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DeleteServiceKey } from './delete-service-key.js';

@Controller()
export class DeleteServiceKeyHandler {
  constructor(private readonly useCase: DeleteServiceKey) {}

  @Handles(deleteServiceKey)
  async handle(
    @Payload() { id, actor }: DecodedRequestOf<typeof deleteServiceKey>,
  ): Promise<ResponseOf<typeof deleteServiceKey>> {
    const { propagation } = await this.useCase.execute({ id, actor: actor.name });
    return { propagation };
  }
}
