import { listFlowsAskingRole, listRoleHolders } from '@sluice/contracts';
import type { PublishedChanges, Shell } from '@sluice/service-shell';
import type { DynamicModule, Type } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuthenticateAdministratorHandler } from './authenticate-administrator/authenticate-administrator.handler.js';
import { CreateAdminTokenHandler } from './create-admin-token/create-admin-token.handler.js';
import { CreateAdminToken } from './create-admin-token/create-admin-token.js';
import { CreateSubscriberHandler } from './create-subscriber/create-subscriber.handler.js';
import { CreateSubscriber } from './create-subscriber/create-subscriber.js';
import { CreateUserRoleHandler } from './create-user-role/create-user-role.handler.js';
import { CreateUserRole } from './create-user-role/create-user-role.js';
import { DecideHandler } from './decide/decide.handler.js';
import { Decide } from './decide/decide.js';
import { DeleteUserRoleHandler } from './delete-user-role/delete-user-role.handler.js';
import { DeleteUserRole, type RoleUsers } from './delete-user-role/delete-user-role.js';
import { FindMissingRolesHandler } from './find-missing-roles/find-missing-roles.handler.js';
import { ListAdminTokensHandler } from './list-admin-tokens/list-admin-tokens.handler.js';
import { ListSubscribersHandler } from './list-subscribers/list-subscribers.handler.js';
import { ListUserRolesHandler } from './list-user-roles/list-user-roles.handler.js';
import { RevokeAdminTokenHandler } from './revoke-admin-token/revoke-admin-token.handler.js';
import { RevokeAdminToken } from './revoke-admin-token/revoke-admin-token.js';
import type { Subscribers } from './review-connections/subscribers.js';
import { RevokeSubscriberHandler } from './revoke-subscriber/revoke-subscriber.handler.js';
import { RevokeSubscriber } from './revoke-subscriber/revoke-subscriber.js';
import { UpdateUserRoleHandler } from './update-user-role/update-user-role.handler.js';
import { UpdateUserRole } from './update-user-role/update-user-role.js';

export interface AppParts {
  readonly shell: Shell;
  readonly dataSource: DataSource;
  readonly changes: PublishedChanges;
  readonly decide: Decide;
  readonly subscribers: Subscribers;
  /** Handlers that every writing service has. */
  readonly sharedHandlers: readonly Type[];
}

export class AppModule {
  static with({ shell, dataSource, changes, decide, subscribers, sharedHandlers }: AppParts): DynamicModule {
    const now = () => Date.now();
    const findUsers = async (role: string): Promise<RoleUsers> => {
      const [holders, asking] = await Promise.all([
        shell.requests.call(listRoleHolders, { role }),
        shell.requests.call(listFlowsAskingRole, { role }),
      ]);
      return { serviceInstances: holders.serviceInstances, flows: asking.flows };
    };
    return {
      module: AppModule,
      controllers: [
        DecideHandler,
        CreateUserRoleHandler,
        ListUserRolesHandler,
        UpdateUserRoleHandler,
        DeleteUserRoleHandler,
        FindMissingRolesHandler,
        AuthenticateAdministratorHandler,
        CreateAdminTokenHandler,
        ListAdminTokensHandler,
        RevokeAdminTokenHandler,
        CreateSubscriberHandler,
        ListSubscribersHandler,
        RevokeSubscriberHandler,
        ...sharedHandlers,
      ],
      providers: [
        { provide: DataSource, useValue: dataSource },
        { provide: Decide, useValue: decide },
        { provide: CreateUserRole, useValue: new CreateUserRole(changes, now) },
        { provide: UpdateUserRole, useValue: new UpdateUserRole(changes) },
        { provide: DeleteUserRole, useValue: new DeleteUserRole(changes, findUsers) },
        { provide: RevokeAdminToken, useValue: new RevokeAdminToken(changes) },
        { provide: CreateSubscriber, useValue: new CreateSubscriber(changes, subscribers, now) },
        { provide: RevokeSubscriber, useValue: new RevokeSubscriber(changes, subscribers, shell.onFault) },
        { provide: CreateAdminToken, useValue: new CreateAdminToken(changes, now) },
      ],
    };
  }
}
