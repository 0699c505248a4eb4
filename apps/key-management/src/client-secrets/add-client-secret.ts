import { stateKey } from '@sluice/contracts';
import { nextRecordVersion } from '@sluice/persistence';
import type { ChangeScope } from '@sluice/service-shell';
import { randomUUID } from 'node:crypto';
import type { ServiceKeyRow } from '../service-keys/service-key.entity.js';
import { ClientSecretRow } from './client-secret.entity.js';
import { toSecretRecord } from './client-secret.record.js';

const day = 86_400_000;

/**
 * Enters a secret of a key, and publishes its record.
 * @param hash as `hashSecret` gave it
 */
export async function addClientSecret(
  change: ChangeScope,
  key: ServiceKeyRow,
  hash: string,
  now: number,
): Promise<ClientSecretRow> {
  const { parameters } = key;
  if (parameters['key-type'] !== 'client_secret') throw new Error(`A key of type ${key.keyType} holds no secret.`);
  const id = randomUUID();
  const row: ClientSecretRow = {
    id,
    serviceKeyId: key.id,
    hash,
    status: 'active',
    retiresAt: null,
    retireAfterUnusedDays: null,
    postponedAt: null,
    notAfter: parameters.validity === undefined ? null : new Date(now + parameters.validity * day),
    lastUsedAt: null,
    expiringTold: null,
    expiredToldAt: null,
    revokedAt: null,
    revocationReason: null,
    version: String(await nextRecordVersion(change.manager, stateKey.secret(id))),
    createdAt: new Date(now),
  };
  await change.manager.insert(ClientSecretRow, row);
  change.state(toSecretRecord(row, key));
  return row;
}
