import { prepareIssuingCa, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { viewIssuingCa } from '../certificate-authority/find-authorities.js';
import { PrepareIssuingCa } from './prepare-issuing-ca.js';

@Controller()
export class PrepareIssuingCaHandler {
  constructor(
    private readonly useCase: PrepareIssuingCa,
    private readonly dataSource: DataSource,
  ) {}

  @Handles(prepareIssuingCa)
  async handle(
    @Payload() request: DecodedRequestOf<typeof prepareIssuingCa>,
  ): Promise<ResponseOf<typeof prepareIssuingCa>> {
    const { value, propagation } = await this.useCase.execute({ ...request, actor: request.actor.name });
    return { issuingCa: await viewIssuingCa(this.dataSource.manager, value, Date.now()), propagation };
  }
}
