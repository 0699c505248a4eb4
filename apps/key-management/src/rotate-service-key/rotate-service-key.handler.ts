import { rotateServiceKey, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { toServiceKeyView } from '../view/service-key-view.js';
import { RotateServiceKey } from './rotate-service-key.js';

@Controller()
export class RotateServiceKeyHandler {
  constructor(private readonly useCase: RotateServiceKey) {}

  @Handles(rotateServiceKey)
  async handle(
    @Payload() request: DecodedRequestOf<typeof rotateServiceKey>,
  ): Promise<ResponseOf<typeof rotateServiceKey>> {
    const { value, propagation } = await this.useCase.execute({ ...request, actor: request.actor.name });
    return {
      serviceKey: { ...toServiceKeyView(value.key, value.held, Date.now()), credentials: value.credentials },
      warnings: [...(value.warnings ?? [])],
      propagation,
    };
  }
}
