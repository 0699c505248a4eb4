import { listServiceInstances, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { pageOf } from '@sluice/service-shell';
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
    @Payload() request: DecodedRequestOf<typeof listServiceInstances>,
  ): Promise<ResponseOf<typeof listServiceInstances>> {
    const { rows, ...end } = await pageOf(listServiceInstances, request, {
      load: (after, take) =>
        this.dataSource.manager.find(serviceInstanceSchema, {
          ...(after === undefined ? {} : { where: { name: MoreThan(after) } }),
          order: { name: 'ASC' },
          take,
        }),
      position: (row) => row.name,
    });
    return { items: rows.map(toServiceInstanceView), ...end };
  }
}
