import { findMissingRoles, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource, In } from 'typeorm';
import { userRoleSchema } from '../persistence/entities.js';

@Controller()
export class FindMissingRolesHandler {
  constructor(private readonly dataSource: DataSource) {}

  @Handles(findMissingRoles)
  async handle(
    @Payload() { roles }: DecodedRequestOf<typeof findMissingRoles>,
  ): Promise<ResponseOf<typeof findMissingRoles>> {
    const found = await this.dataSource.manager.find(userRoleSchema, {
      where: { name: In(roles) },
      select: { name: true },
    });
    const names = new Set(found.map(({ name }) => name));
    return { missing: roles.filter((role) => !names.has(role)) };
  }
}
