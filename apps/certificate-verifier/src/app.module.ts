import { StateModule } from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import { RevocationModule } from './revocation/revocation.module.js';
import { VerifyAccessModule } from './verify-access/verify-access.module.js';
import { VerifyCertificateModule } from './verify-certificate/verify-certificate.module.js';

@Module({
  imports: [
    // There are two or three keys of tokens, and a stranger's token asks for one by a name of its choice: they are held whole.
    StateModule.forRoot({ holds: ['root', 'ca', 'token-key'] }),
    RevocationModule,
    VerifyCertificateModule,
    VerifyAccessModule,
  ],
})
export class AppModule {}
