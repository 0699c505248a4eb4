import { createServiceKey, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { toServiceKeyView } from '../view/service-key-view.js';
import { CreateServiceKey } from './create-service-key.js';

@Controller()
export class CreateServiceKeyHandler {
  constructor(private readonly useCase: CreateServiceKey) {}

  @Handles(createServiceKey)
  async handle(
    @Payload() request: DecodedRequestOf<typeof createServiceKey>,
  ): Promise<ResponseOf<typeof createServiceKey>> {
    const { value, propagation } = await this.useCase.execute({ ...request, actor: request.actor.name });
    return {
      serviceKey: { ...toServiceKeyView(value.key, value.held, Date.now()), credentials: value.credentials },
      warnings: [...(value.warnings ?? [])],
      propagation,
    };
  }
}
