import { listUserRoles, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { pageOf } from '@sluice/persistence';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource, MoreThan } from 'typeorm';
import { userRoleSchema } from '../persistence/entities.js';
import { toUserRoleView } from '../record/user-role-view.js';

@Controller()
export class ListUserRolesHandler {
  constructor(private readonly dataSource: DataSource) {}

  /** In the order of names. */
  @Handles(listUserRoles)
  async handle(
    @Payload() { limit, after }: DecodedRequestOf<typeof listUserRoles>,
  ): Promise<ResponseOf<typeof listUserRoles>> {
    const { rows, next } = await pageOf(
      limit,
      (take) =>
        this.dataSource.manager.find(userRoleSchema, {
          ...(after === undefined ? {} : { where: { name: MoreThan(after) } }),
          order: { name: 'ASC' },
          take,
        }),
      (row) => row.name,
    );
    return { items: rows.map(toUserRoleView), ...(next === undefined ? {} : { next }) };
  }
}
