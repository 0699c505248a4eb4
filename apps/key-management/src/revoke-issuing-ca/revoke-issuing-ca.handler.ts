import { revokeIssuingCa, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { viewIssuingCa } from '../certificate-authority/find-authorities.js';
import { RevokeIssuingCa } from './revoke-issuing-ca.js';

@Controller()
export class RevokeIssuingCaHandler {
  constructor(
    private readonly useCase: RevokeIssuingCa,
    private readonly dataSource: DataSource,
  ) {}

  @Handles(revokeIssuingCa)
  async handle(
    @Payload() request: DecodedRequestOf<typeof revokeIssuingCa>,
  ): Promise<ResponseOf<typeof revokeIssuingCa>> {
    const { value, propagation } = await this.useCase.execute({ ...request, actor: request.actor.name });
    return { issuingCa: await viewIssuingCa(this.dataSource.manager, value, Date.now()), propagation };
  }
}
