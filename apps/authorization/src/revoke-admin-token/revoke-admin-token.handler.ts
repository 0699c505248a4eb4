import { revokeAdminToken, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { RevokeAdminToken } from './revoke-admin-token.js';

@Controller()
export class RevokeAdminTokenHandler {
  constructor(private readonly useCase: RevokeAdminToken) {}

  @Handles(revokeAdminToken)
  async handle(
    @Payload() { name }: DecodedRequestOf<typeof revokeAdminToken>,
  ): Promise<ResponseOf<typeof revokeAdminToken>> {
    await this.useCase.execute(name);
    return {};
  }
}
