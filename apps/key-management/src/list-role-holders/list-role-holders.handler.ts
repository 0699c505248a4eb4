import { listRoleHolders, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { serviceInstanceSchema } from '../persistence/entities.js';

@Controller()
export class ListRoleHoldersHandler {
  constructor(private readonly dataSource: DataSource) {}

  @Handles(listRoleHolders)
  async handle(
    @Payload() { role }: DecodedRequestOf<typeof listRoleHolders>,
  ): Promise<ResponseOf<typeof listRoleHolders>> {
    const rows = await this.dataSource.manager
      .createQueryBuilder(serviceInstanceSchema, 'instance')
      .where(`instance.parameters -> 'roles' @> :role::jsonb`, { role: JSON.stringify([role]) })
      .orderBy('instance.name')
      .limit(1_000)
      .getMany();
    return { serviceInstances: rows.map(({ id, name }) => ({ id, name })) };
  }
}
