import { listSubscribers, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { pageOf } from '@sluice/service-shell';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource, MoreThan } from 'typeorm';
import { subscriberSchema } from '../persistence/entities.js';
import { subscriberView } from './subscriber-view.js';

@Controller()
export class ListSubscribersHandler {
  constructor(private readonly dataSource: DataSource) {}

  @Handles(listSubscribers)
  async handle(
    @Payload() request: DecodedRequestOf<typeof listSubscribers>,
  ): Promise<ResponseOf<typeof listSubscribers>> {
    const { rows, ...end } = await pageOf(listSubscribers, request, {
      load: (after, take) =>
        this.dataSource.manager.find(subscriberSchema, {
          ...(after === undefined ? {} : { where: { name: MoreThan(after) } }),
          order: { name: 'ASC' },
          take,
        }),
      position: (row) => row.name,
    });
    return { items: rows.map(subscriberView), ...end };
  }
}
