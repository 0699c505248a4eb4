import { stateKey } from '@sluice/contracts';
import { invalidArgument, SluiceError, type ServiceKeyParameters } from '@sluice/domain';
import { nextRecordVersion } from '@sluice/persistence';
import type { PublishedChanges } from '@sluice/service-shell';
import type { DataSource } from 'typeorm';
import type { CertificateAuthority } from '../certificate-authority/certificate-authority.js';
import { addPinnedCredential } from '../create-service-key/add-credential.js';
import { makeSenderKeyPair, senderSubject } from '../create-service-key/sender-key-pair.js';
import type { CreatedServiceKey } from '../create-service-key/create-service-key.js';
import { credentialSchema, serviceKeySchema, type CredentialRow, type ServiceKeyRow } from '../persistence/entities.js';
import { findCredentials, findServiceInstance, findServiceKey } from '../persistence/find-rows.js';
import { toCredentialRecord } from '../record/state-record.js';
import { toCredentials, toEventCertificate, toEventServiceKey } from '../view/service-key-view.js';

const day = 86_400;
const defaultOverlapSeconds = 7 * day;
const longestOverlapSeconds = 365 * day;

/**
 * Gives a key a successor certificate. The old ones stay valid beside it for the overlap and then end by the clock:
 * their end is in the record, so no process has to be up when it comes.
 */
export class RotateServiceKey {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: PublishedChanges,
    private readonly authority: CertificateAuthority,
    private readonly flowUrl: string,
    private readonly now: () => number,
  ) {}

  /** @throws SluiceError `not-found`, `invalid-argument`, `service-key-state` for a key that cannot be rotated */
  async execute(request: { id: string; overlapSeconds?: unknown; actor: string }) {
    const overlap = request.overlapSeconds ?? defaultOverlapSeconds;
    if (!Number.isInteger(overlap) || (overlap as number) < 0 || (overlap as number) > longestOverlapSeconds) {
      throw invalidArgument([
        { field: 'overlapSeconds', message: `must be a whole number of seconds from 0 to ${longestOverlapSeconds}` },
      ]);
    }
    const parameters = rotatable(await findServiceKey(this.dataSource.manager, request.id));
    const pair = await makeSenderKeyPair(parameters);
    return this.changes.commit(async (change): Promise<CreatedServiceKey> => {
      const key = await findServiceKey(change.manager, request.id, 'update');
      rotatable(key);
      const instance = await findServiceInstance(change.manager, key.serviceInstanceId, 'share');
      const now = this.now();
      const retiresAt = new Date(now + (overlap as number) * 1_000);
      const before = await findCredentials(change.manager, key.id);
      const retired: CredentialRow[] = [];
      for (const row of before) {
        if (row.status === 'revoked' || (row.retiresAt && row.retiresAt <= retiresAt)) continue;
        const version = String(await nextRecordVersion(change.manager, stateKey.credential(row.sha256)));
        const updated: CredentialRow = { ...row, status: 'retiring', retiresAt, version };
        await change.manager.save(credentialSchema, updated);
        change.state(toCredentialRecord(updated, key));
        retired.push(updated);
      }
      const issued = await this.authority.issue(change.manager, {
        subject: senderSubject(key, instance),
        publicKey: pair.publicKey,
        validityDays: parameters.validity,
      });
      const held = await addPinnedCredential(change, key, issued.certificate, issued.issuedBy, now);
      const updatedKey: ServiceKeyRow = { ...key, updatedAt: new Date(now) };
      await change.manager.save(serviceKeySchema, updatedKey);
      const predecessor = before[0];
      if (predecessor) {
        change.event('service-key.rotated', key.id, {
          actor: request.actor,
          serviceKey: toEventServiceKey(key),
          certificate: toEventCertificate(held),
          predecessor: toEventCertificate(predecessor),
          retiresAt: retiresAt.toISOString(),
        });
      }
      const unchanged = before.filter((row) => !retired.some(({ sha256 }) => sha256 === row.sha256));
      return {
        key: updatedKey,
        held: [held, ...retired, ...unchanged],
        credentials: toCredentials({
          key: updatedKey,
          held,
          chain: issued.chain,
          privateKeyPem: pair.privateKeyPem,
          flowUrl: this.flowUrl,
        }),
      };
    });
  }
}

function rotatable(key: ServiceKeyRow): Extract<ServiceKeyParameters, { 'key-type': 'certificate' }> {
  if (key.keyType !== 'certificate') {
    throw new SluiceError(
      'service-key-state',
      `A key of type ${key.keyType} is not rotated here: add the sender's new certificate as a new key.`,
    );
  }
  if (key.status !== 'active')
    throw new SluiceError('service-key-state', `The service key ${key.name} is revoked: make a new one.`);
  return key.parameters as Extract<ServiceKeyParameters, { 'key-type': 'certificate' }>;
}
