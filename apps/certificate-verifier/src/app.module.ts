import type { DynamicModule } from '@nestjs/common';
import { VerifyCertificateHandler } from './verify-certificate/verify-certificate.handler.js';
import { VerifyCertificate } from './verify-certificate/verify-certificate.js';

export class AppModule {
  static with(verify: VerifyCertificate): DynamicModule {
    return {
      module: AppModule,
      controllers: [VerifyCertificateHandler],
      providers: [{ provide: VerifyCertificate, useValue: verify }],
    };
  }
}
