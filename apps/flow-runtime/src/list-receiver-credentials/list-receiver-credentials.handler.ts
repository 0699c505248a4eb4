import { listReceiverCredentials, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { pageOf } from '@sluice/service-shell';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource, MoreThan } from 'typeorm';
import { receiverCredentialSchema } from '../persistence/entities.js';
import { toReceiverCredentialView } from '../receiver-credential/receiver-credential.js';

@Controller()
export class ListReceiverCredentialsHandler {
  constructor(private readonly dataSource: DataSource) {}

  /** In the order of aliases. */
  @Handles(listReceiverCredentials)
  async handle(
    @Payload() request: DecodedRequestOf<typeof listReceiverCredentials>,
  ): Promise<ResponseOf<typeof listReceiverCredentials>> {
    const { rows, ...end } = await pageOf(listReceiverCredentials, request, {
      load: (after, take) =>
        this.dataSource.manager.find(receiverCredentialSchema, {
          ...(after === undefined ? {} : { where: { alias: MoreThan(after) } }),
          order: { alias: 'ASC' },
          take,
        }),
      position: (row) => row.alias,
    });
    return { items: rows.map(toReceiverCredentialView), ...end };
  }
}
