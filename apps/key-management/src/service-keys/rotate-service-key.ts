import { requirePrecondition, SluiceError, type Precondition } from '@sluice/domain';
import { PublishedChanges, CLOCK } from '@sluice/service-shell';
import { DataSource } from 'typeorm';
import { CertificateAuthority } from '../issuing-cas/certificate-authority.js';
import type { CreatedServiceKey } from './create-service-key.js';
import { scheduleEnd, type RetirementOptions } from './retirement.js';
import { writeCertificates } from './write-certificates.js';
import { toCredentials, toEventCertificate, toEventServiceKey } from './service-key.view.js';
import { findClientSecrets } from '../client-secrets/find-client-secrets.js';
import { hashSecret, makeSecret } from '../client-secrets/hash-secret.js';
import { rotateClientSecret } from '../client-secrets/rotate-client-secret.js';
import { onlyMaterial, prepareSuccessor, requireRotatable, type SuccessorMaterial } from './make-successor.js';
import { ServiceKeyRow } from './service-key.entity.js';
import { findCredentials, findServiceKey } from './find-service-key.js';
import { findServiceInstance } from '../service-instances/find-service-instance.js';
import { serviceKeyTag } from './service-key.tag.js';
import { Inject, Injectable } from '@nestjs/common';
import { CallAddresses } from './call-addresses.js';

export interface RotationOptions extends RetirementOptions {
  readonly overlapSeconds: number;
}

export interface RotationRequest extends SuccessorMaterial, RotationOptions, Precondition {
  readonly id: string;
  readonly actor: string;
}

/**
 * Gives a key a successor certificate, or a new secret. The old ones stay valid beside it for the overlap and then end by the clock:
 * their end is in the record, so no process has to be up when it comes.
 */
@Injectable()
export class RotateServiceKey {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: PublishedChanges,
    private readonly authority: CertificateAuthority,
    private readonly addresses: CallAddresses,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /**
   * @throws SluiceError `not-found`, `precondition-failed`, `invalid-argument`, `service-key-state` for a key that cannot be rotated,
   * `certificate-refused`, `certificate-in-use`, `public-key-in-use`, `distinguished-name-conflict`
   */
  async execute(request: RotationRequest) {
    const found = await findServiceKey(this.dataSource.manager, request.id);
    if (found.keyType === 'client_secret') return this.#rotateSecret(found, request);
    const enter = await prepareSuccessor(found, request, this.authority, this.now);
    return this.changes.commit(async (change): Promise<CreatedServiceKey> => {
      const key = await findServiceKey(change.manager, request.id, 'update');
      requireRotatable(key);
      const instance = await findServiceInstance(change.manager, key.serviceInstanceId, 'share');
      const now = this.now();
      const retiresAt = new Date(now + request.overlapSeconds * 1_000);
      const before = await findCredentials(change.manager, key.id);
      requirePrecondition(request, serviceKeyTag(key, before, []));
      const successor = await enter(change, key, instance);
      const updatedKey: ServiceKeyRow = { ...key, parameters: successor.parameters, updatedAt: new Date(now) };
      await change.manager.update(
        ServiceKeyRow,
        { id: key.id },
        { parameters: updatedKey.parameters, updatedAt: updatedKey.updatedAt },
      );
      const retiring = before.map((row) => scheduleEnd(row, retiresAt, request, now));
      const held = await writeCertificates(
        change,
        {
          key: updatedKey,
          rows: [successor.held, ...retiring],
          changed: new Set(retiring.filter((row, index) => row !== before[index]).map(({ sha256 }) => sha256)),
        },
        request.actor,
        now,
      );
      const [predecessor] = before;
      if (!predecessor) throw new SluiceError('service-key-state', `The service key ${key.name} has no certificate.`);
      change.event('service-key.rotated', key.id, {
        actor: request.actor,
        serviceKey: toEventServiceKey(updatedKey),
        certificate: toEventCertificate(successor.held),
        predecessor: toEventCertificate(predecessor),
        retiresAt: retiresAt.toISOString(),
        ...(request.retireAfterUnusedDays === undefined
          ? {}
          : { retireAfterUnusedDays: request.retireAfterUnusedDays }),
      });
      return {
        key: updatedKey,
        held,
        secrets: [],
        credentials: toCredentials({
          key: updatedKey,
          held: successor.held,
          chain: successor.chain,
          ...(successor.privateKeyPem === undefined ? {} : { privateKeyPem: successor.privateKeyPem }),
          url: this.addresses.of(instance.plan),
        }),
        ...(successor.warnings ? { warnings: successor.warnings } : {}),
      };
    });
  }

  async #rotateSecret(found: ServiceKeyRow, request: RotationRequest) {
    requireRotatable(found);
    onlyMaterial(found, request, []);
    const [newest] = await findClientSecrets(this.dataSource.manager, found.id);
    const secret = makeSecret();
    const hash = await hashSecret(secret, newest?.hash);
    return this.changes.commit(async (change): Promise<CreatedServiceKey> => {
      const key = await findServiceKey(change.manager, request.id, 'update');
      requireRotatable(key);
      const now = this.now();
      const before = await findClientSecrets(change.manager, key.id);
      const instance = await findServiceInstance(change.manager, key.serviceInstanceId);
      requirePrecondition(request, serviceKeyTag(key, [], before));
      const updatedKey: ServiceKeyRow = { ...key, updatedAt: new Date(now) };
      await change.manager.update(ServiceKeyRow, { id: key.id }, { updatedAt: updatedKey.updatedAt });
      const secrets = await rotateClientSecret(
        change,
        updatedKey,
        {
          hash,
          before,
          retiresAt: new Date(now + request.overlapSeconds * 1_000),
          retireAfterUnusedDays: request.retireAfterUnusedDays,
          actor: request.actor,
        },
        now,
      );
      return {
        key: updatedKey,
        held: [],
        secrets,
        credentials: toCredentials({ key: updatedKey, secret, url: this.addresses.of(instance.plan) }),
      };
    });
  }
}
