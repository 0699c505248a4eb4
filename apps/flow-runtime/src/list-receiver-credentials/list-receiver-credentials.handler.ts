import { listReceiverCredentials, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { pageOf } from '@sluice/persistence';
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
    @Payload() { limit, after }: DecodedRequestOf<typeof listReceiverCredentials>,
  ): Promise<ResponseOf<typeof listReceiverCredentials>> {
    const { rows, next } = await pageOf(
      limit,
      (take) =>
        this.dataSource.manager.find(receiverCredentialSchema, {
          ...(after === undefined ? {} : { where: { alias: MoreThan(after) } }),
          order: { alias: 'ASC' },
          take,
        }),
      (row) => row.alias,
    );
    return { items: rows.map(toReceiverCredentialView), ...(next === undefined ? {} : { next }) };
  }
}
