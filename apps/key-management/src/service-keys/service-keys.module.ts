import { CONFIG } from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import type { Config } from '../config.js';
import { IssuingCasModule } from '../issuing-cas/issuing-cas.module.js';
import { RevokeClientSecret } from '../client-secrets/revoke-client-secret.js';
import { CreateServiceKey } from './create-service-key.js';
import { DeleteServiceKey } from './delete-service-key.js';
import { CallAddresses } from './call-addresses.js';
import { KeepGuards } from './keep-guards.js';
import { ReportUsage } from './report-usage.js';
import { RevokeCertificate } from './revoke-certificate.js';
import { RevokeServiceKey } from './revoke-service-key.js';
import { RotateServiceKey } from './rotate-service-key.js';
import { SearchServiceKeys } from './search-service-keys.js';
import { ServiceKeysController } from './service-keys.controller.js';

@Module({
  imports: [IssuingCasModule],
  controllers: [ServiceKeysController],
  providers: [
    {
      provide: CallAddresses,
      inject: [CONFIG],
      useFactory: ({ FLOW_URL, ADMIN_API_URL }: Pick<Config, 'FLOW_URL' | 'ADMIN_API_URL'>) =>
        new CallAddresses(FLOW_URL, ADMIN_API_URL),
    },
    CreateServiceKey,
    RotateServiceKey,
    RevokeServiceKey,
    RevokeCertificate,
    RevokeClientSecret,
    DeleteServiceKey,
    ReportUsage,
    KeepGuards,
    SearchServiceKeys,
  ],
  exports: [CreateServiceKey, KeepGuards],
})
export class ServiceKeysModule {}
