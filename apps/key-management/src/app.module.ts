import {
  AuditModule,
  DatabaseModule,
  IdempotentAnswersModule,
  PublishedChangesModule,
  StateModule,
  stateNotReady,
} from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import { AuditHeadModule } from './audit/audit-head.module.js';
import { CertificatesModule } from './certificates/certificates.module.js';
import { ExpiryModule } from './expiry/expiry.module.js';
import { IssuingCasModule } from './issuing-cas/issuing-cas.module.js';
import { entities, schema } from './persistence/entities.js';
import { migrations } from './persistence/migrations.js';
import { ProposalsModule } from './proposals/proposals.module.js';
import { ServiceInstancesModule } from './service-instances/service-instances.module.js';
import { ServiceKeysModule } from './service-keys/service-keys.module.js';
import { allRecords } from './state/all-records.js';
import { KeyManagementStateModule } from './state/key-management-state.module.js';
import { StreamsModule } from './state/streams.module.js';
import { TokenKeysModule } from './token-keys/token-keys.module.js';
import { TokensModule } from './tokens/tokens.module.js';
import { TrustedRootsModule } from './trusted-roots/trusted-roots.module.js';

const writer = 'key-management';

@Module({
  imports: [
    DatabaseModule.forRoot({ schema, entities, migrations }),
    StateModule.forRoot({
      holds: ['guard'],
      // It fills and repairs the stream, so that others are not ready for it is no reason not to be; its clock is one.
      notReady: (follower) =>
        follower.clocks?.wrong
          ? [follower.clocks.describe()]
          : stateNotReady(follower).filter((reason) => reason.includes(writer)),
    }),
    StreamsModule,
    PublishedChangesModule.forRoot({ writer, records: allRecords, signs: true }),
    AuditModule.forRoot(writer),
    IdempotentAnswersModule.forRoot({ sealedBy: IssuingCasModule }),
    ServiceInstancesModule,
    ServiceKeysModule,
    IssuingCasModule,
    TokenKeysModule,
    TokensModule,
    CertificatesModule,
    TrustedRootsModule,
    ProposalsModule,
    ExpiryModule,
    KeyManagementStateModule,
    AuditHeadModule,
  ],
})
export class AppModule {}
