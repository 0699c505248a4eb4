import { retireIssuingCa, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { viewIssuingCa } from '../certificate-authority/find-authorities.js';
import { RetireIssuingCa } from './retire-issuing-ca.js';

@Controller()
export class RetireIssuingCaHandler {
  constructor(
    private readonly useCase: RetireIssuingCa,
    private readonly dataSource: DataSource,
  ) {}

  @Handles(retireIssuingCa)
  async handle(
    @Payload() request: DecodedRequestOf<typeof retireIssuingCa>,
  ): Promise<ResponseOf<typeof retireIssuingCa>> {
    const { value, propagation } = await this.useCase.execute({ ...request, actor: request.actor.name });
    return { issuingCa: await viewIssuingCa(this.dataSource.manager, value, Date.now()), propagation };
  }
}
