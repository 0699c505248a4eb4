import { stateKey } from '@sluice/contracts';
import type { RevocationReason } from '@sluice/domain';
import { nextRecordVersion } from '@sluice/persistence';
import type { ChangeScope } from '@sluice/service-shell';
import type { ClientSecretRow } from '../client-secrets/client-secret.entity.js';
import { toEventSecret } from '../client-secrets/client-secret.view.js';
import { findClientSecrets } from '../client-secrets/find-client-secrets.js';
import { revokedSecret, writeClientSecrets } from '../client-secrets/write-client-secrets.js';
import { writeCertificates } from './write-certificates.js';
import { enterRevokedCertificates } from '../issuing-cas/enter-revoked-certificates.js';
import { toEventCertificate, toEventServiceKey } from './service-key.view.js';
import { ServiceKeyRow } from './service-key.entity.js';
import { UnpinnedKeyRow } from './unpinned-key.entity.js';
import type { CredentialRow } from './credential.entity.js';
import { findCredentials } from './find-service-key.js';
import { toUnpinnedRecord } from './service-key.record.js';

export interface RevokedKey {
  readonly key: ServiceKeyRow;
  readonly held: readonly CredentialRow[];
  readonly secrets: readonly ClientSecretRow[];
}

/** Ends every certificate and secret of a key that the transaction holds locked. Those revoked before keep their reason. */
export async function revokeKey(
  change: ChangeScope,
  key: ServiceKeyRow,
  reason: RevocationReason,
  actor: string,
  now: number,
): Promise<RevokedKey> {
  const revokedAt = new Date(now);
  const before = await findCredentials(change.manager, key.id);
  const ending = new Set(before.filter(({ status }) => status !== 'revoked').map(({ sha256 }) => sha256));
  const rows = before.map((row) => (ending.has(row.sha256) ? revoked(row, reason, revokedAt) : row));
  const held = await writeCertificates(change, { key, rows, changed: ending }, actor, now);
  const ended = held.filter(({ sha256 }) => ending.has(sha256));
  await enterRevokedCertificates(change.manager, ended, reason, revokedAt);
  const secretsBefore = await findClientSecrets(change.manager, key.id);
  const endingSecrets = new Set(secretsBefore.filter(({ status }) => status !== 'revoked').map(({ id }) => id));
  const secrets = await writeClientSecrets(
    change,
    {
      key,
      rows: secretsBefore.map((row) => (endingSecrets.has(row.id) ? revokedSecret(row, reason, revokedAt) : row)),
      changed: endingSecrets,
    },
    actor,
    now,
  );
  const updated: ServiceKeyRow = { ...key, status: 'revoked', updatedAt: revokedAt };
  await change.manager.update(ServiceKeyRow, { id: key.id }, { status: 'revoked', updatedAt: revokedAt });
  if (key.keyType === 'certificate_external') {
    for (const row of await change.manager.findBy(UnpinnedKeyRow, { serviceKeyId: key.id })) {
      const version = String(await nextRecordVersion(change.manager, stateKey.unpinned(row.digest)));
      await change.manager.update(UnpinnedKeyRow, { digest: row.digest }, { version });
      change.state(toUnpinnedRecord({ ...row, version }, updated));
    }
  }
  change.event('service-key.revoked', key.id, {
    actor,
    serviceKey: toEventServiceKey(key),
    reason,
    certificates: ended.map(toEventCertificate),
    ...(endingSecrets.size > 0
      ? { secrets: secrets.filter(({ id }) => endingSecrets.has(id)).map(toEventSecret) }
      : {}),
    keyRevoked: true,
  });
  return { key: updated, held, secrets };
}

export function revoked(row: CredentialRow, reason: RevocationReason, revokedAt: Date): CredentialRow {
  return { ...row, status: 'revoked', revokedAt, revocationReason: reason };
}
