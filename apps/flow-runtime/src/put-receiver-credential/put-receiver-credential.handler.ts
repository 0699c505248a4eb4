import { putReceiverCredential, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { toReceiverCredentialView } from '../receiver-credential/receiver-credential.js';
import { PutReceiverCredential } from './put-receiver-credential.js';

@Controller()
export class PutReceiverCredentialHandler {
  constructor(private readonly useCase: PutReceiverCredential) {}

  @Handles(putReceiverCredential)
  async handle(
    @Payload() { alias, credential }: DecodedRequestOf<typeof putReceiverCredential>,
  ): Promise<ResponseOf<typeof putReceiverCredential>> {
    const { row, created, propagation } = await this.useCase.execute({ alias, credential });
    return { credential: toReceiverCredentialView(row), created, propagation };
  }
}
