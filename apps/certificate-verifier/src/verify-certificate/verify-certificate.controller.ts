import { verifyCertificate, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { VerifyCertificate } from './verify-certificate.js';

@Controller()
export class VerifyCertificateController {
  constructor(private readonly useCase: VerifyCertificate) {}

  @Handles(verifyCertificate)
  handle(
    @Payload() request: DecodedRequestOf<typeof verifyCertificate>,
  ): Promise<ResponseOf<typeof verifyCertificate>> {
    return this.useCase.execute(request);
  }
}
