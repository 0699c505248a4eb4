import { findMissingRoles } from '@sluice/contracts';
import { Shell } from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import { CreateServiceInstance } from './create-service-instance.js';
import { DeleteServiceInstance } from './delete-service-instance.js';
import { FIND_MISSING_ROLES, type FindMissingRoles } from './require-roles.js';
import { RevokeServiceInstance } from './revoke-service-instance.js';
import { ServiceInstancesController } from './service-instances.controller.js';
import { UpdateServiceInstance } from './update-service-instance.js';
import { FourEyesModule } from '../proposals/four-eyes.module.js';

@Module({
  imports: [FourEyesModule],
  controllers: [ServiceInstancesController],
  providers: [
    {
      provide: FIND_MISSING_ROLES,
      inject: [Shell],
      useFactory:
        (shell: Shell): FindMissingRoles =>
        async (roles) =>
          (await shell.requests.call(findMissingRoles, { roles: [...roles] })).missing,
    },
    CreateServiceInstance,
    UpdateServiceInstance,
    RevokeServiceInstance,
    DeleteServiceInstance,
  ],
  exports: [CreateServiceInstance, DeleteServiceInstance],
})
export class ServiceInstancesModule {}
