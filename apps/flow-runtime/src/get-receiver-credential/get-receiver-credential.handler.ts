import { getReceiverCredential, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { receiverCredentialSchema } from '../persistence/entities.js';
import { toReceiverCredentialView } from '../receiver-credential/receiver-credential.js';

@Controller()
export class GetReceiverCredentialHandler {
  constructor(private readonly dataSource: DataSource) {}

  @Handles(getReceiverCredential)
  async handle(
    @Payload() { alias }: DecodedRequestOf<typeof getReceiverCredential>,
  ): Promise<ResponseOf<typeof getReceiverCredential>> {
    const row = await this.dataSource.manager.findOneBy(receiverCredentialSchema, { alias });
    if (!row) throw new SluiceError('not-found', `There is no credential ${alias}.`);
    return toReceiverCredentialView(row);
  }
}
