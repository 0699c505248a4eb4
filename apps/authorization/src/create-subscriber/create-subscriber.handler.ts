import { createSubscriber, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { subscriberView } from '../list-subscribers/subscriber-view.js';
import { CreateSubscriber } from './create-subscriber.js';

@Controller()
export class CreateSubscriberHandler {
  constructor(private readonly useCase: CreateSubscriber) {}

  @Handles(createSubscriber)
  async handle(
    @Payload() request: DecodedRequestOf<typeof createSubscriber>,
  ): Promise<ResponseOf<typeof createSubscriber>> {
    const { value, propagation } = await this.useCase.execute(request);
    return { subscriber: subscriberView(value), propagation };
  }
}
