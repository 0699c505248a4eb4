import { deleteReceiverCredential, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DeleteReceiverCredential } from './delete-receiver-credential.js';

@Controller()
export class DeleteReceiverCredentialHandler {
  constructor(private readonly useCase: DeleteReceiverCredential) {}

  @Handles(deleteReceiverCredential)
  async handle(
    @Payload() { alias }: DecodedRequestOf<typeof deleteReceiverCredential>,
  ): Promise<ResponseOf<typeof deleteReceiverCredential>> {
    const { propagation } = await this.useCase.execute({ alias });
    return { propagation };
  }
}
