import { listCertificates, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ListCertificates } from './list-certificates.js';

@Controller()
export class CertificatesController {
  constructor(private readonly listCertificates: ListCertificates) {}

  @Handles(listCertificates)
  list(@Payload() request: DecodedRequestOf<typeof listCertificates>): Promise<ResponseOf<typeof listCertificates>> {
    return this.listCertificates.execute(request);
  }
}
