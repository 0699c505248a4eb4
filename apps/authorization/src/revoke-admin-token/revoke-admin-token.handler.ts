import { revokeAdminToken, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { adminTokenSchema } from '../persistence/entities.js';

@Controller()
export class RevokeAdminTokenHandler {
  constructor(private readonly dataSource: DataSource) {}

  /** The last token stays: without one nobody could make another. */
  @Handles(revokeAdminToken)
  handle(@Payload() { name }: DecodedRequestOf<typeof revokeAdminToken>): Promise<ResponseOf<typeof revokeAdminToken>> {
    return this.dataSource.transaction(async (manager) => {
      await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('revoke-admin-token', 0))`);
      if (!(await manager.existsBy(adminTokenSchema, { name })))
        throw new SluiceError('not-found', `There is no admin token named ${name}.`);
      if ((await manager.count(adminTokenSchema)) === 1) {
        throw new SluiceError('protected', 'This is the last admin token: make another before you revoke it.');
      }
      await manager.delete(adminTokenSchema, { name });
      return {};
    });
  }
}
