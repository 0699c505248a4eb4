import { listCertificates, reportServerCertificates, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ListCertificates } from './list-certificates.js';
import { ServerCertificates } from './server-certificates.js';

@Controller()
export class CertificatesController {
  constructor(
    private readonly listCertificates: ListCertificates,
    private readonly serverCertificates: ServerCertificates,
  ) {}

  @Handles(listCertificates)
  list(@Payload() request: DecodedRequestOf<typeof listCertificates>): Promise<ResponseOf<typeof listCertificates>> {
    return this.listCertificates.execute(request);
  }

  @Handles(reportServerCertificates)
  async report(
    @Payload() { chains }: DecodedRequestOf<typeof reportServerCertificates>,
  ): Promise<ResponseOf<typeof reportServerCertificates>> {
    await this.serverCertificates.seen(
      'front-door',
      chains.map((chain) => chain.map((der) => Buffer.from(der, 'base64'))),
    );
    return {};
  }
}
