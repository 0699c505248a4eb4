import { authenticateAdministrator, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { adminTokenSchema } from '../persistence/entities.js';

@Controller()
export class AuthenticateAdministratorHandler {
  constructor(private readonly dataSource: DataSource) {}

  @Handles(authenticateAdministrator)
  async handle(
    @Payload() { tokenSha256 }: DecodedRequestOf<typeof authenticateAdministrator>,
  ): Promise<ResponseOf<typeof authenticateAdministrator>> {
    const row = await this.dataSource.manager.findOneBy(adminTokenSchema, { sha256: tokenSha256 });
    if (!row) throw new SluiceError('unauthenticated', 'The admin token is not known.');
    return { name: row.name };
  }
}
