import { listAdminTokens, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { pageOf } from '@sluice/service-shell';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource, MoreThan } from 'typeorm';
import { adminTokenSchema } from '../persistence/entities.js';

@Controller()
export class ListAdminTokensHandler {
  constructor(private readonly dataSource: DataSource) {}

  @Handles(listAdminTokens)
  async handle(
    @Payload() request: DecodedRequestOf<typeof listAdminTokens>,
  ): Promise<ResponseOf<typeof listAdminTokens>> {
    const { rows, ...end } = await pageOf(listAdminTokens, request, {
      load: (after, take) =>
        this.dataSource.manager.find(adminTokenSchema, {
          ...(after === undefined ? {} : { where: { name: MoreThan(after) } }),
          order: { name: 'ASC' },
          take,
        }),
      position: (row) => row.name,
    });
    return {
      items: rows.map(({ name, createdAt }) => ({ name, createdAt: createdAt.toISOString() })),
      ...end,
    };
  }
}
