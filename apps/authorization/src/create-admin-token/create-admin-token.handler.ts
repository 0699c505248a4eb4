import { createAdminToken, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { CreateAdminToken } from './create-admin-token.js';

@Controller()
export class CreateAdminTokenHandler {
  constructor(private readonly useCase: CreateAdminToken) {}

  @Handles(createAdminToken)
  async handle(
    @Payload() request: DecodedRequestOf<typeof createAdminToken>,
  ): Promise<ResponseOf<typeof createAdminToken>> {
    const row = await this.useCase.execute({ ...request, actor: request.actor.name });
    return { adminToken: { name: row.name, createdAt: row.createdAt.toISOString() } };
  }
}
