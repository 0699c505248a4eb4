import { StateFollower } from '@sluice/messaging';
import { CLOCK, CONFIG, PublishedChanges, sealerFromFile, Shell } from '@sluice/service-shell';
import { Module, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { ActivateIssuingCa } from './activate-issuing-ca.js';
import { CertificateAuthority } from './certificate-authority.js';
import { IssuedCertificateList } from './issued-certificate-list.js';
import { IssuingCasController } from './issuing-cas.controller.js';
import { issuingTime } from './issuing-time.js';
import { KeySealer } from './key-sealer.js';
import { PrepareIssuingCa } from './prepare-issuing-ca.js';
import { ResealKeys } from './reseal-keys.js';
import { RetireIssuingCa } from './retire-issuing-ca.js';
import { RevokeIssuingCa } from './revoke-issuing-ca.js';
import { FourEyesModule } from '../proposals/four-eyes.module.js';

@Module({
  imports: [FourEyesModule],
  controllers: [IssuingCasController],
  providers: [
    {
      provide: KeySealer,
      inject: [Shell, CONFIG],
      useFactory: (shell: Shell, config: Pick<Config, 'MASTER_KEY_FILE'>) =>
        sealerFromFile(shell, config.MASTER_KEY_FILE),
    },
    {
      provide: CertificateAuthority,
      inject: [DataSource, KeySealer, PublishedChanges, StateFollower, CLOCK, CONFIG],
      useFactory: (
        dataSource: DataSource,
        sealer: KeySealer,
        changes: PublishedChanges,
        follower: StateFollower,
        now: () => number,
        config: Pick<Config, 'CRL_BASE_URL'>,
      ) => new CertificateAuthority(dataSource, sealer, changes, issuingTime(follower, now), config.CRL_BASE_URL),
    },
    IssuedCertificateList,
    PrepareIssuingCa,
    ActivateIssuingCa,
    RetireIssuingCa,
    RevokeIssuingCa,
    ResealKeys,
  ],
  exports: [CertificateAuthority, KeySealer, RetireIssuingCa, RevokeIssuingCa],
})
export class IssuingCasModule implements OnModuleInit {
  constructor(private readonly authority: CertificateAuthority) {}

  onModuleInit(): Promise<void> {
    return this.authority.ensure();
  }
}
