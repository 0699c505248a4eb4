import { listServiceInstances, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { pageOf } from '@sluice/persistence';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource, MoreThan } from 'typeorm';
import { serviceInstanceSchema } from '../persistence/entities.js';
import { toServiceInstanceView } from '../view/service-instance-view.js';

@Controller()
export class ListServiceInstancesHandler {
  constructor(private readonly dataSource: DataSource) {}

  /** In the order of names. */
  @Handles(listServiceInstances)
  async handle(
    @Payload() { limit, after }: DecodedRequestOf<typeof listServiceInstances>,
  ): Promise<ResponseOf<typeof listServiceInstances>> {
    const { rows, next } = await pageOf(
      limit,
      (take) =>
        this.dataSource.manager.find(serviceInstanceSchema, {
          ...(after === undefined ? {} : { where: { name: MoreThan(after) } }),
          order: { name: 'ASC' },
          take,
        }),
      (row) => row.name,
    );
    return { items: rows.map(toServiceInstanceView), ...(next === undefined ? {} : { next }) };
  }
}
