import { removeCertificateList, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { RemoveCertificateList } from './remove-certificate-list.js';

@Controller()
export class RemoveCertificateListHandler {
  constructor(private readonly useCase: RemoveCertificateList) {}

  @Handles(removeCertificateList)
  async handle(
    @Payload() request: DecodedRequestOf<typeof removeCertificateList>,
  ): Promise<ResponseOf<typeof removeCertificateList>> {
    const { propagation } = await this.useCase.execute({ ...request, actor: request.actor.name });
    return { propagation };
  }
}
