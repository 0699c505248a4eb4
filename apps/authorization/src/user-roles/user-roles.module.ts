import { listFlowsAskingRole, listRoleHolders } from '@sluice/contracts';
import { Shell } from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import { CreateUserRole } from './create-user-role.js';
import { DeleteUserRole, FIND_ROLE_USERS, type RoleUsers } from './delete-user-role.js';
import { UpdateUserRole } from './update-user-role.js';
import { UserRolesController } from './user-roles.controller.js';

@Module({
  controllers: [UserRolesController],
  providers: [
    {
      provide: FIND_ROLE_USERS,
      inject: [Shell],
      useFactory:
        ({ requests }: Shell) =>
        async (role: string): Promise<RoleUsers> => {
          const [holders, asking] = await Promise.all([
            requests.call(listRoleHolders, { role }),
            requests.call(listFlowsAskingRole, { role }),
          ]);
          return { serviceInstances: holders.serviceInstances, flows: asking.flows };
        },
    },
    CreateUserRole,
    UpdateUserRole,
    DeleteUserRole,
  ],
})
export class UserRolesModule {}
