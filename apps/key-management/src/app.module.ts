import { findMissingRoles } from '@sluice/contracts';
import type { PublishedChanges, Shell } from '@sluice/service-shell';
import type { DynamicModule, Type } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AddCertificateListHandler } from './add-certificate-list/add-certificate-list.handler.js';
import { AddCertificateList } from './add-certificate-list/add-certificate-list.js';
import { AddTrustedRootHandler } from './add-trusted-root/add-trusted-root.handler.js';
import { AddTrustedRoot } from './add-trusted-root/add-trusted-root.js';
import { CertificateAuthority } from './certificate-authority/certificate-authority.js';
import type { CertificateLists } from './certificate-lists/certificate-lists.js';
import type { DownloadCertificateList } from './certificate-lists/download-certificate-list.js';
import { ConfigureRevocationHandler } from './configure-revocation/configure-revocation.handler.js';
import { ConfigureRevocation } from './configure-revocation/configure-revocation.js';
import { CreateServiceInstanceHandler } from './create-service-instance/create-service-instance.handler.js';
import { CreateServiceInstance } from './create-service-instance/create-service-instance.js';
import type { FindMissingRoles } from './create-service-instance/require-roles.js';
import { CreateServiceKeyHandler } from './create-service-key/create-service-key.handler.js';
import { CreateServiceKey } from './create-service-key/create-service-key.js';
import { DeleteServiceInstanceHandler } from './delete-service-instance/delete-service-instance.handler.js';
import { DeleteServiceInstance } from './delete-service-instance/delete-service-instance.js';
import { DeleteServiceKeyHandler } from './delete-service-key/delete-service-key.handler.js';
import { DeleteServiceKey } from './delete-service-key/delete-service-key.js';
import { FindCertificatesByNamesHandler } from './find-certificates-by-names/find-certificates-by-names.handler.js';
import { GetServiceInstanceHandler } from './get-service-instance/get-service-instance.handler.js';
import { flowUrlToken, GetServiceKeyHandler } from './get-service-key/get-service-key.handler.js';
import { GetTrustedRootHandler } from './get-trusted-root/get-trusted-root.handler.js';
import { ListRoleHoldersHandler } from './list-role-holders/list-role-holders.handler.js';
import { ListServiceInstancesHandler } from './list-service-instances/list-service-instances.handler.js';
import { ListServiceKeysHandler } from './list-service-keys/list-service-keys.handler.js';
import { ListTrustedRootsHandler } from './list-trusted-roots/list-trusted-roots.handler.js';
import { RebuildStateHandler } from './rebuild-state/rebuild-state.handler.js';
import { RebuildState } from './rebuild-state/rebuild-state.js';
import { RemoveCertificateListHandler } from './remove-certificate-list/remove-certificate-list.handler.js';
import { RemoveCertificateList } from './remove-certificate-list/remove-certificate-list.js';
import { RemoveTrustedRootHandler } from './remove-trusted-root/remove-trusted-root.handler.js';
import { RemoveTrustedRoot } from './remove-trusted-root/remove-trusted-root.js';
import { ActivateIssuingCaHandler } from './activate-issuing-ca/activate-issuing-ca.handler.js';
import { ActivateIssuingCa } from './activate-issuing-ca/activate-issuing-ca.js';
import { PrepareIssuingCaHandler } from './prepare-issuing-ca/prepare-issuing-ca.handler.js';
import { PrepareIssuingCa } from './prepare-issuing-ca/prepare-issuing-ca.js';
import { ReportUsageHandler } from './report-usage/report-usage.handler.js';
import { ReportUsage } from './report-usage/report-usage.js';
import { ResealKeysHandler } from './reseal-keys/reseal-keys.handler.js';
import type { KeySealer } from './certificate-authority/key-sealer.js';
import { ResealKeys } from './reseal-keys/reseal-keys.js';
import { RetireIssuingCaHandler } from './retire-issuing-ca/retire-issuing-ca.handler.js';
import { RetireIssuingCa } from './retire-issuing-ca/retire-issuing-ca.js';
import { RevokeIssuingCaHandler } from './revoke-issuing-ca/revoke-issuing-ca.handler.js';
import { RevokeIssuingCa } from './revoke-issuing-ca/revoke-issuing-ca.js';
import { KeepCertificateList } from './certificate-list/keep-certificate-list.js';
import { GetCertificateListHandler } from './get-certificate-list/get-certificate-list.handler.js';
import { ListIssuingCasHandler } from './list-issuing-cas/list-issuing-cas.handler.js';
import { ResignRecordsHandler } from './resign-records/resign-records.handler.js';
import { ResignRecords } from './resign-records/resign-records.js';
import { RevokeCertificateHandler } from './revoke-certificate/revoke-certificate.handler.js';
import { RevokeCertificate } from './revoke-certificate/revoke-certificate.js';
import { RevokeServiceInstanceHandler } from './revoke-service-instance/revoke-service-instance.handler.js';
import { RevokeServiceInstance } from './revoke-service-instance/revoke-service-instance.js';
import { RevokeServiceKeyHandler } from './revoke-service-key/revoke-service-key.handler.js';
import { RevokeServiceKey } from './revoke-service-key/revoke-service-key.js';
import { RotateServiceKeyHandler } from './rotate-service-key/rotate-service-key.handler.js';
import { RotateServiceKey } from './rotate-service-key/rotate-service-key.js';
import { UpdateServiceInstanceHandler } from './update-service-instance/update-service-instance.handler.js';
import { UpdateServiceInstance } from './update-service-instance/update-service-instance.js';

export interface AppParts {
  readonly shell: Shell;
  readonly dataSource: DataSource;
  readonly changes: PublishedChanges;
  readonly authority: CertificateAuthority;
  readonly sealer: KeySealer;
  readonly flowUrl: string;
  readonly rebuildState: RebuildState;
  readonly resignRecords: ResignRecords;
  /** Handlers that every writing service has. */
  readonly sharedHandlers: readonly Type[];
  readonly lists: CertificateLists;
  readonly download: DownloadCertificateList;
}

export class AppModule {
  static with({
    shell,
    dataSource,
    changes,
    authority,
    sealer,
    flowUrl,
    rebuildState,
    resignRecords,
    sharedHandlers,
    lists,
    download,
  }: AppParts): DynamicModule {
    const now = () => Date.now();
    const missingRoles: FindMissingRoles = async (roles) =>
      (await shell.requests.call(findMissingRoles, { roles: [...roles] })).missing;
    return {
      module: AppModule,
      controllers: [
        CreateServiceInstanceHandler,
        ListServiceInstancesHandler,
        GetServiceInstanceHandler,
        UpdateServiceInstanceHandler,
        DeleteServiceInstanceHandler,
        CreateServiceKeyHandler,
        ListServiceKeysHandler,
        GetServiceKeyHandler,
        DeleteServiceKeyHandler,
        RotateServiceKeyHandler,
        RevokeServiceKeyHandler,
        RevokeCertificateHandler,
        RevokeServiceInstanceHandler,
        ListIssuingCasHandler,
        PrepareIssuingCaHandler,
        ActivateIssuingCaHandler,
        RetireIssuingCaHandler,
        RevokeIssuingCaHandler,
        GetCertificateListHandler,
        ReportUsageHandler,
        AddTrustedRootHandler,
        ListTrustedRootsHandler,
        RemoveTrustedRootHandler,
        GetTrustedRootHandler,
        ConfigureRevocationHandler,
        AddCertificateListHandler,
        RemoveCertificateListHandler,
        ListRoleHoldersHandler,
        FindCertificatesByNamesHandler,
        RebuildStateHandler,
        ResealKeysHandler,
        ResignRecordsHandler,
        ...sharedHandlers,
      ],
      providers: [
        { provide: DataSource, useValue: dataSource },
        { provide: RebuildState, useValue: rebuildState },
        { provide: ResignRecords, useValue: resignRecords },
        { provide: CertificateAuthority, useValue: authority },
        { provide: flowUrlToken, useValue: flowUrl },
        { provide: CreateServiceInstance, useValue: new CreateServiceInstance(changes, missingRoles, now) },
        { provide: UpdateServiceInstance, useValue: new UpdateServiceInstance(changes, missingRoles, now) },
        { provide: DeleteServiceInstance, useValue: new DeleteServiceInstance(changes, now) },
        { provide: CreateServiceKey, useValue: new CreateServiceKey(changes, authority, flowUrl, now) },
        { provide: DeleteServiceKey, useValue: new DeleteServiceKey(changes, now) },
        { provide: RotateServiceKey, useValue: new RotateServiceKey(dataSource, changes, authority, flowUrl, now) },
        { provide: RevokeServiceKey, useValue: new RevokeServiceKey(changes, now) },
        { provide: RevokeCertificate, useValue: new RevokeCertificate(changes, now) },
        { provide: RevokeServiceInstance, useValue: new RevokeServiceInstance(changes, now) },
        { provide: PrepareIssuingCa, useValue: new PrepareIssuingCa(changes, authority) },
        { provide: ActivateIssuingCa, useValue: new ActivateIssuingCa(changes) },
        { provide: RetireIssuingCa, useValue: new RetireIssuingCa(changes, now) },
        { provide: RevokeIssuingCa, useValue: new RevokeIssuingCa(changes, authority, now) },
        { provide: ResealKeys, useValue: new ResealKeys(changes, sealer) },
        { provide: KeepCertificateList, useValue: new KeepCertificateList(dataSource, authority, now) },
        { provide: ReportUsage, useValue: new ReportUsage(dataSource, now) },
        { provide: AddTrustedRoot, useValue: new AddTrustedRoot(changes, now) },
        { provide: RemoveTrustedRoot, useValue: new RemoveTrustedRoot(changes) },
        {
          provide: ConfigureRevocation,
          useValue: new ConfigureRevocation(dataSource, changes, lists, download, now),
        },
        { provide: AddCertificateList, useValue: new AddCertificateList(dataSource, changes, lists, now) },
        { provide: RemoveCertificateList, useValue: new RemoveCertificateList(changes, lists) },
      ],
    };
  }
}
