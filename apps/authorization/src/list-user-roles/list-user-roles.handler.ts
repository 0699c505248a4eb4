import { listUserRoles, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { pageOf } from '@sluice/service-shell';
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
  async handle(@Payload() request: DecodedRequestOf<typeof listUserRoles>): Promise<ResponseOf<typeof listUserRoles>> {
    const { rows, ...end } = await pageOf(listUserRoles, request, {
      load: (after, take) =>
        this.dataSource.manager.find(userRoleSchema, {
          ...(after === undefined ? {} : { where: { name: MoreThan(after) } }),
          order: { name: 'ASC' },
          take,
        }),
      position: (row) => row.name,
    });
    return { items: rows.map(toUserRoleView), ...end };
  }
}
