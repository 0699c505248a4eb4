import {
  createUserRole,
  type DecodedRequestOf,
  type ResponseOf,
  getUserRole,
  listUserRoles,
  updateUserRole,
  deleteUserRole,
  findMissingRoles,
} from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { findUserRole } from './find-user-role.js';
import { userRoleTag } from './user-role.tag.js';
import { toUserRoleView } from './user-role.view.js';
import { CreateUserRole } from './create-user-role.js';
import { IdempotentAnswers, pageOf } from '@sluice/service-shell';
import { DataSource, MoreThan, In } from 'typeorm';
import { UserRoleRow } from './user-role.entity.js';
import { UpdateUserRole } from './update-user-role.js';
import { DeleteUserRole } from './delete-user-role.js';

@Controller()
export class UserRolesController {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly createUserRole: CreateUserRole,
    private readonly dataSource: DataSource,
    private readonly updateUserRole: UpdateUserRole,
    private readonly deleteUserRole: DeleteUserRole,
  ) {}

  @Handles(createUserRole)
  async create(
    @Payload() request: DecodedRequestOf<typeof createUserRole>,
  ): Promise<ResponseOf<typeof createUserRole>> {
    return this.answers.once(createUserRole, request, {
      execute: () => this.createUserRole.execute({ ...request, actor: request.actor.name }),
      answer: (row) => ({ userRole: toUserRoleView(row), etag: userRoleTag(row) }),
    });
  }

  /** In the order of names. */
  @Handles(listUserRoles)
  async list(@Payload() request: DecodedRequestOf<typeof listUserRoles>): Promise<ResponseOf<typeof listUserRoles>> {
    const { rows, ...end } = await pageOf(listUserRoles, request, {
      load: (after, take) =>
        this.dataSource.manager.find(UserRoleRow, {
          ...(after === undefined ? {} : { where: { name: MoreThan(after) } }),
          order: { name: 'ASC' },
          take,
        }),
      position: (row) => row.name,
    });
    return { items: rows.map(toUserRoleView), ...end };
  }

  @Handles(getUserRole)
  async get(@Payload() { name }: DecodedRequestOf<typeof getUserRole>): Promise<ResponseOf<typeof getUserRole>> {
    const row = await findUserRole(this.dataSource.manager, name);
    return { ...toUserRoleView(row), etag: userRoleTag(row) };
  }

  @Handles(updateUserRole)
  async update(
    @Payload() request: DecodedRequestOf<typeof updateUserRole>,
  ): Promise<ResponseOf<typeof updateUserRole>> {
    const { value, propagation } = await this.updateUserRole.execute({ ...request, actor: request.actor.name });
    return { userRole: toUserRoleView(value), etag: userRoleTag(value), propagation };
  }

  @Handles(deleteUserRole)
  async delete(
    @Payload() request: DecodedRequestOf<typeof deleteUserRole>,
  ): Promise<ResponseOf<typeof deleteUserRole>> {
    const { propagation } = await this.deleteUserRole.execute({ ...request, actor: request.actor.name });
    return { propagation };
  }

  @Handles(findMissingRoles)
  async findMissing(
    @Payload() { roles }: DecodedRequestOf<typeof findMissingRoles>,
  ): Promise<ResponseOf<typeof findMissingRoles>> {
    const found = await this.dataSource.manager.find(UserRoleRow, {
      where: { name: In(roles) },
      select: { name: true },
    });
    const names = new Set(found.map(({ name }) => name));
    return { missing: roles.filter((role) => !names.has(role)) };
  }
}
