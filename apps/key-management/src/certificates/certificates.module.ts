import { Module } from '@nestjs/common';
import { CertificatesController } from './certificates.controller.js';
import { ListCertificates } from './list-certificates.js';
import { LookAtServers } from './look-at-servers.js';
import { ServerCertificates } from './server-certificates.js';

/** Every certificate there is, whatever it belongs to. */
@Module({
  controllers: [CertificatesController],
  providers: [ListCertificates, LookAtServers, ServerCertificates],
})
export class CertificatesModule {}
