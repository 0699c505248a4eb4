import { StateModule } from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import { RevocationModule } from './revocation/revocation.module.js';
import { VerifyCertificateModule } from './verify-certificate/verify-certificate.module.js';

@Module({ imports: [StateModule.forRoot({ holds: ['root', 'ca'] }), RevocationModule, VerifyCertificateModule] })
export class AppModule {}
