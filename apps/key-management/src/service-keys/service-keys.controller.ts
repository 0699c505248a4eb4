import {
  createServiceKey,
  type DecodedRequestOf,
  type ResponseOf,
  listServiceKeys,
  getServiceKey,
  rotateServiceKey,
  revokeServiceKey,
  revokeCertificate,
  revokeClientSecret,
  deleteServiceKey,
  reportUsage,
  findCertificatesByNames,
  findServiceKeys,
} from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { toServiceKeyView, toCredentials } from './service-key.view.js';
import { CallAddresses } from './call-addresses.js';
import { CreateServiceKey, type CreatedServiceKey } from './create-service-key.js';
import { IdempotentAnswers, pageOf } from '@sluice/service-shell';
import { DataSource, In, MoreThan } from 'typeorm';
import { ClientSecretRow } from '../client-secrets/client-secret.entity.js';
import { findClientSecrets } from '../client-secrets/find-client-secrets.js';
import { RevokeClientSecret } from '../client-secrets/revoke-client-secret.js';
import { CredentialRow } from './credential.entity.js';
import { ServiceKeyRow } from './service-key.entity.js';
import { findServiceInstance } from '../service-instances/find-service-instance.js';
import { parseCertificate } from '@sluice/pki';
import { CertificateAuthority } from '../issuing-cas/certificate-authority.js';
import { findCredentials, findServiceKey } from './find-service-key.js';
import { serviceKeyTag } from './service-key.tag.js';
import { RotateServiceKey } from './rotate-service-key.js';
import type { RevokedKey } from './revoke-key.js';
import { RevokeServiceKey } from './revoke-service-key.js';
import { RevokeCertificate } from './revoke-certificate.js';
import { DeleteServiceKey } from './delete-service-key.js';
import { SearchServiceKeys } from './search-service-keys.js';
import { ReportUsage } from './report-usage.js';

interface Row {
  readonly sha256: string;
  readonly serial_number: string;
  readonly not_after: Date;
  readonly key_id: string;
  readonly name: string;
  readonly service_instance_id: string;
  readonly revoked: boolean;
}

const most = 5;

/** With what is shown this once. */
function answerOf({ key, held, secrets, credentials, warnings = [] }: CreatedServiceKey) {
  const serviceKey = { ...toServiceKeyView(key, held, secrets, Date.now()), credentials };
  return { serviceKey, warnings: [...warnings], etag: serviceKeyTag(key, held, secrets) };
}

function changedKey({ key, held, secrets }: RevokedKey) {
  return { serviceKey: toServiceKeyView(key, held, secrets, Date.now()), etag: serviceKeyTag(key, held, secrets) };
}

@Controller()
export class ServiceKeysController {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly createServiceKey: CreateServiceKey,
    private readonly dataSource: DataSource,
    private readonly certificateAuthority: CertificateAuthority,
    private readonly addresses: CallAddresses,
    private readonly rotateServiceKey: RotateServiceKey,
    private readonly revokeServiceKey: RevokeServiceKey,
    private readonly revokeCertificate: RevokeCertificate,
    private readonly revokeClientSecret: RevokeClientSecret,
    private readonly deleteServiceKey: DeleteServiceKey,
    private readonly reportUsage: ReportUsage,
    private readonly searchServiceKeys: SearchServiceKeys,
  ) {}

  @Handles(createServiceKey)
  async create(
    @Payload() request: DecodedRequestOf<typeof createServiceKey>,
  ): Promise<ResponseOf<typeof createServiceKey>> {
    return this.answers.once(createServiceKey, request, {
      execute: () => this.createServiceKey.execute({ ...request, actor: request.actor.name }),
      answer: answerOf,
      secret: true,
    });
  }

  /** In the order of names. */
  @Handles(listServiceKeys)
  async list(
    @Payload() request: DecodedRequestOf<typeof listServiceKeys>,
  ): Promise<ResponseOf<typeof listServiceKeys>> {
    const { manager } = this.dataSource;
    const { serviceInstanceId } = request;
    await findServiceInstance(manager, serviceInstanceId);
    const { rows, ...end } = await pageOf(listServiceKeys, request, {
      scope: serviceInstanceId,
      load: (after, take) =>
        manager.find(ServiceKeyRow, {
          where: { serviceInstanceId, ...(after === undefined ? {} : { name: MoreThan(after) }) },
          order: { name: 'ASC' },
          take,
        }),
      position: (row) => row.name,
    });
    const ids = rows.map(({ id }) => id);
    const held = await manager.findBy(CredentialRow, { serviceKeyId: In(ids) });
    const secrets = await manager.findBy(ClientSecretRow, { serviceKeyId: In(ids) });
    const now = Date.now();
    const items = rows.map((row) =>
      toServiceKeyView(
        row,
        held.filter(({ serviceKeyId: holder }) => holder === row.id),
        secrets.filter(({ serviceKeyId: holder }) => holder === row.id),
        now,
      ),
    );
    return { items, ...end };
  }

  @Handles(findServiceKeys)
  async find(
    @Payload() request: DecodedRequestOf<typeof findServiceKeys>,
  ): Promise<ResponseOf<typeof findServiceKeys>> {
    const { keys, ...end } = await this.searchServiceKeys.execute(request);
    const now = Date.now();
    return { items: keys.map(({ key, held, secrets }) => toServiceKeyView(key, held, secrets, now)), ...end };
  }

  /** The key with the credentials of its newest certificate, without what is shown once. */
  @Handles(getServiceKey)
  async get(@Payload() { id }: DecodedRequestOf<typeof getServiceKey>): Promise<ResponseOf<typeof getServiceKey>> {
    const { manager } = this.dataSource;
    const key = await findServiceKey(manager, id);
    const instance = await findServiceInstance(manager, key.serviceInstanceId);
    const held = await findCredentials(manager, id);
    const secrets = await findClientSecrets(manager, id);
    const [newest] = held;
    const chain = newest && [
      parseCertificate(newest.certificate),
      ...(newest.issuedBy ? await this.certificateAuthority.chainAbove(manager, newest.issuedBy) : []),
    ];
    return {
      ...toServiceKeyView(key, held, secrets, Date.now()),
      credentials: toCredentials({
        key,
        held: newest,
        ...(chain ? { chain } : {}),
        url: this.addresses.of(instance.plan),
      }),
      etag: serviceKeyTag(key, held, secrets),
    };
  }

  @Handles(rotateServiceKey)
  async rotate(
    @Payload() request: DecodedRequestOf<typeof rotateServiceKey>,
  ): Promise<ResponseOf<typeof rotateServiceKey>> {
    return this.answers.once(rotateServiceKey, request, {
      execute: () => this.rotateServiceKey.execute({ ...request, actor: request.actor.name }),
      answer: answerOf,
      secret: true,
    });
  }

  @Handles(revokeServiceKey)
  async revoke(
    @Payload() request: DecodedRequestOf<typeof revokeServiceKey>,
  ): Promise<ResponseOf<typeof revokeServiceKey>> {
    const { value, propagation } = await this.revokeServiceKey.execute({ ...request, actor: request.actor.name });
    return { ...changedKey(value), propagation };
  }

  @Handles(revokeCertificate)
  async revokeOneCertificate(
    @Payload() request: DecodedRequestOf<typeof revokeCertificate>,
  ): Promise<ResponseOf<typeof revokeCertificate>> {
    const { value, propagation } = await this.revokeCertificate.execute({ ...request, actor: request.actor.name });
    return { ...changedKey(value), propagation };
  }

  @Handles(revokeClientSecret)
  async revokeOneSecret(
    @Payload() request: DecodedRequestOf<typeof revokeClientSecret>,
  ): Promise<ResponseOf<typeof revokeClientSecret>> {
    const { value, propagation } = await this.revokeClientSecret.execute({ ...request, actor: request.actor.name });
    return { ...changedKey(value), propagation };
  }

  @Handles(deleteServiceKey)
  async delete(
    @Payload() request: DecodedRequestOf<typeof deleteServiceKey>,
  ): Promise<ResponseOf<typeof deleteServiceKey>> {
    const { propagation } = await this.deleteServiceKey.execute({ ...request, actor: request.actor.name });
    return { propagation };
  }

  @Handles(reportUsage)
  async takeUsage(
    @Payload() { used, secrets }: DecodedRequestOf<typeof reportUsage>,
  ): Promise<ResponseOf<typeof reportUsage>> {
    await this.reportUsage.execute(used, secrets);
    return {};
  }

  @Handles(findCertificatesByNames)
  async findByNames(
    @Payload() { namesDigest }: DecodedRequestOf<typeof findCertificatesByNames>,
  ): Promise<ResponseOf<typeof findCertificatesByNames>> {
    const rows = await this.dataSource.query<Row[]>(
      `SELECT credential.sha256, credential.serial_number, credential.not_after, service_key.id AS key_id, service_key.name,
              service_key.service_instance_id, (service_key.status = 'revoked' OR credential.status = 'revoked') AS revoked
       FROM credential JOIN service_key ON service_key.id = credential.service_key_id
       WHERE credential.names_digest = $1 ORDER BY credential.created_at DESC LIMIT ${most}`,
      [namesDigest],
    );
    return {
      certificates: rows.map((row) => ({
        sha256: row.sha256,
        serialnumber: row.serial_number,
        validuntil: row.not_after.toISOString(),
        serviceKeyId: row.key_id,
        serviceKeyName: row.name,
        serviceInstanceId: row.service_instance_id,
        status: row.revoked ? 'revoked' : 'active',
      })),
    };
  }
}
