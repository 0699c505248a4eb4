import {
  putReceiverCredential,
  type DecodedRequestOf,
  type ResponseOf,
  getReceiverCredential,
  listReceiverCredentials,
  deleteReceiverCredential,
} from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { receiverCredentialTag } from './receiver-credential.tag.js';
import { toReceiverCredentialView } from './receiver-credential.js';
import { PutReceiverCredential } from './put-receiver-credential.js';
import { SluiceError } from '@sluice/domain';
import { DataSource, MoreThan } from 'typeorm';
import { ReceiverCredentialRow } from './receiver-credential.entity.js';
import { pageOf } from '@sluice/service-shell';
import { DeleteReceiverCredential } from './delete-receiver-credential.js';

@Controller()
export class ReceiverCredentialsController {
  constructor(
    private readonly putReceiverCredential: PutReceiverCredential,
    private readonly dataSource: DataSource,
    private readonly deleteReceiverCredential: DeleteReceiverCredential,
  ) {}

  @Handles(putReceiverCredential)
  async put(
    @Payload() request: DecodedRequestOf<typeof putReceiverCredential>,
  ): Promise<ResponseOf<typeof putReceiverCredential>> {
    const { row, created, propagation } = await this.putReceiverCredential.execute(request);
    return { credential: toReceiverCredentialView(row), created, etag: receiverCredentialTag(row), propagation };
  }

  @Handles(getReceiverCredential)
  async get(
    @Payload() { alias }: DecodedRequestOf<typeof getReceiverCredential>,
  ): Promise<ResponseOf<typeof getReceiverCredential>> {
    const row = await this.dataSource.manager.findOneBy(ReceiverCredentialRow, { alias });
    if (!row) throw new SluiceError('not-found', `There is no credential ${alias}.`);
    return { ...toReceiverCredentialView(row), etag: receiverCredentialTag(row) };
  }

  /** In the order of aliases. */
  @Handles(listReceiverCredentials)
  async list(
    @Payload() request: DecodedRequestOf<typeof listReceiverCredentials>,
  ): Promise<ResponseOf<typeof listReceiverCredentials>> {
    const { rows, ...end } = await pageOf(listReceiverCredentials, request, {
      load: (after, take) =>
        this.dataSource.manager.find(ReceiverCredentialRow, {
          ...(after === undefined ? {} : { where: { alias: MoreThan(after) } }),
          order: { alias: 'ASC' },
          take,
        }),
      position: (row) => row.alias,
    });
    return { items: rows.map(toReceiverCredentialView), ...end };
  }

  @Handles(deleteReceiverCredential)
  async delete(
    @Payload() { alias, ifMatch }: DecodedRequestOf<typeof deleteReceiverCredential>,
  ): Promise<ResponseOf<typeof deleteReceiverCredential>> {
    const { propagation } = await this.deleteReceiverCredential.execute({ alias, ifMatch });
    return { propagation };
  }
}
