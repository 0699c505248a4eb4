import { Module } from '@nestjs/common';
import { CertificatesController } from './certificates.controller.js';
import { ListCertificates } from './list-certificates.js';

/** Every certificate there is, whatever it belongs to. */
@Module({ controllers: [CertificatesController], providers: [ListCertificates] })
export class CertificatesModule {}
