import { activateIssuingCa, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { viewIssuingCa } from '../certificate-authority/find-authorities.js';
import { ActivateIssuingCa } from './activate-issuing-ca.js';

@Controller()
export class ActivateIssuingCaHandler {
  constructor(
    private readonly useCase: ActivateIssuingCa,
    private readonly dataSource: DataSource,
  ) {}

  @Handles(activateIssuingCa)
  async handle(
    @Payload() request: DecodedRequestOf<typeof activateIssuingCa>,
  ): Promise<ResponseOf<typeof activateIssuingCa>> {
    const { value, propagation } = await this.useCase.execute({ ...request, actor: request.actor.name });
    return { issuingCa: await viewIssuingCa(this.dataSource.manager, value, Date.now()), propagation };
  }
}
