import { updateUserRole, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { toUserRoleView } from '../record/user-role-view.js';
import { UpdateUserRole } from './update-user-role.js';

@Controller()
export class UpdateUserRoleHandler {
  constructor(private readonly useCase: UpdateUserRole) {}

  @Handles(updateUserRole)
  async handle(
    @Payload() request: DecodedRequestOf<typeof updateUserRole>,
  ): Promise<ResponseOf<typeof updateUserRole>> {
    const { value, propagation } = await this.useCase.execute({ ...request, actor: request.actor.name });
    return { userRole: toUserRoleView(value), propagation };
  }
}
