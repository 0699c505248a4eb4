import { createUserRole, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { toUserRoleView } from '../record/user-role-view.js';
import { CreateUserRole } from './create-user-role.js';

@Controller()
export class CreateUserRoleHandler {
  constructor(private readonly useCase: CreateUserRole) {}

  @Handles(createUserRole)
  async handle(
    @Payload() request: DecodedRequestOf<typeof createUserRole>,
  ): Promise<ResponseOf<typeof createUserRole>> {
    const { value, propagation } = await this.useCase.execute({ ...request, actor: request.actor.name });
    return { userRole: toUserRoleView(value), propagation };
  }
}
