import { deleteUserRole, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DeleteUserRole } from './delete-user-role.js';

@Controller()
export class DeleteUserRoleHandler {
  constructor(private readonly useCase: DeleteUserRole) {}

  @Handles(deleteUserRole)
  async handle(
    @Payload() request: DecodedRequestOf<typeof deleteUserRole>,
  ): Promise<ResponseOf<typeof deleteUserRole>> {
    const { propagation } = await this.useCase.execute({ name: request.name, actor: request.actor.name });
    return { propagation };
  }
}
