import { revokeSubscriber, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { RevokeSubscriber } from './revoke-subscriber.js';

@Controller()
export class RevokeSubscriberHandler {
  constructor(private readonly useCase: RevokeSubscriber) {}

  @Handles(revokeSubscriber)
  async handle(
    @Payload() { id }: DecodedRequestOf<typeof revokeSubscriber>,
  ): Promise<ResponseOf<typeof revokeSubscriber>> {
    return { propagation: await this.useCase.execute(id) };
  }
}
