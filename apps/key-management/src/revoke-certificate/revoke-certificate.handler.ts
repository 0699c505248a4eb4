import { revokeCertificate, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { toServiceKeyView } from '../view/service-key-view.js';
import { RevokeCertificate } from './revoke-certificate.js';

@Controller()
export class RevokeCertificateHandler {
  constructor(private readonly useCase: RevokeCertificate) {}

  @Handles(revokeCertificate)
  async handle(
    @Payload() request: DecodedRequestOf<typeof revokeCertificate>,
  ): Promise<ResponseOf<typeof revokeCertificate>> {
    const { value, propagation } = await this.useCase.execute({ ...request, actor: request.actor.name });
    return { serviceKey: toServiceKeyView(value.key, value.held, Date.now()), propagation };
  }
}
