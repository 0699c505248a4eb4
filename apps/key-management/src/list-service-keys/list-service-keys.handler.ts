import { listServiceKeys, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { pageOf } from '@sluice/service-shell';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource, In, MoreThan } from 'typeorm';
import { credentialSchema, serviceKeySchema } from '../persistence/entities.js';
import { findServiceInstance } from '../persistence/find-rows.js';
import { toServiceKeyView } from '../view/service-key-view.js';

@Controller()
export class ListServiceKeysHandler {
  constructor(private readonly dataSource: DataSource) {}

  /** In the order of names. */
  @Handles(listServiceKeys)
  async handle(
    @Payload() request: DecodedRequestOf<typeof listServiceKeys>,
  ): Promise<ResponseOf<typeof listServiceKeys>> {
    const { manager } = this.dataSource;
    const { serviceInstanceId } = request;
    await findServiceInstance(manager, serviceInstanceId);
    const { rows, ...end } = await pageOf(listServiceKeys, request, {
      scope: serviceInstanceId,
      load: (after, take) =>
        manager.find(serviceKeySchema, {
          where: { serviceInstanceId, ...(after === undefined ? {} : { name: MoreThan(after) }) },
          order: { name: 'ASC' },
          take,
        }),
      position: (row) => row.name,
    });
    const held = await manager.findBy(credentialSchema, { serviceKeyId: In(rows.map(({ id }) => id)) });
    const now = Date.now();
    const items = rows.map((row) =>
      toServiceKeyView(
        row,
        held.filter((credential) => credential.serviceKeyId === row.id),
        now,
      ),
    );
    return { items, ...end };
  }
}
