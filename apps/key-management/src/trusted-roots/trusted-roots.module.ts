import { CertificateListStore } from '@sluice/messaging';
import { CLOCK, CONFIG, openDestinations, Shell } from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { AddCertificateList } from './add-certificate-list.js';
import { AddTrustedRoot } from './add-trusted-root.js';
import { CertificateLists } from './certificate-lists.js';
import { ConfigureRevocation } from './configure-revocation.js';
import { DOWNLOAD_CERTIFICATE_LIST, downloadOverHttp } from './download-certificate-list.js';
import { FetchCertificateLists } from './fetch-certificate-lists.js';
import { KeepFetching } from './keep-fetching.js';
import { RemoveCertificateList } from './remove-certificate-list.js';
import { RemoveTrustedRoot } from './remove-trusted-root.js';
import { TrustedRootsController } from './trusted-roots.controller.js';
import { FourEyesModule } from '../proposals/four-eyes.module.js';

const downloadTimeoutMs = 20_000;

@Module({
  imports: [FourEyesModule],
  controllers: [TrustedRootsController],
  providers: [
    {
      provide: CertificateLists,
      inject: [DataSource, CertificateListStore, CLOCK],
      useFactory: (dataSource: DataSource, store: CertificateListStore, now: () => number) =>
        new CertificateLists(dataSource, store, now),
    },
    {
      provide: DOWNLOAD_CERTIFICATE_LIST,
      inject: [Shell, CONFIG],
      useFactory: (shell: Shell, config: Config) =>
        downloadOverHttp(openDestinations(shell, config), {
          timeoutMs: downloadTimeoutMs,
          bytes: config.LONGEST_CRL_BYTES,
        }),
    },
    FetchCertificateLists,
    KeepFetching,
    AddTrustedRoot,
    RemoveTrustedRoot,
    ConfigureRevocation,
    AddCertificateList,
    RemoveCertificateList,
  ],
  exports: [RemoveTrustedRoot],
})
export class TrustedRootsModule {}
