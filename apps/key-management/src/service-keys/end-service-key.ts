import { stateKey } from '@sluice/contracts';
import { nextRecordVersion } from '@sluice/persistence';
import type { ChangeScope } from '@sluice/service-shell';
import { ClientSecretRow } from '../client-secrets/client-secret.entity.js';
import { toSecretRecord } from '../client-secrets/client-secret.record.js';
import { findClientSecrets } from '../client-secrets/find-client-secrets.js';
import { enterRevokedCertificates } from '../issuing-cas/enter-revoked-certificates.js';
import { findRevokedTokens, writeRevokedTokens } from '../tokens/revoked-tokens.record.js';
import { toEventServiceKey } from './service-key.view.js';
import { CredentialRow } from './credential.entity.js';
import { ServiceKeyRow } from './service-key.entity.js';
import { UnpinnedKeyRow } from './unpinned-key.entity.js';
import { findCredentials } from './find-service-key.js';
import { toCredentialRecord, toUnpinnedRecord } from './service-key.record.js';

/** Removes a key that the transaction holds locked, with all its certificates and secrets: none of them grants access any more. */
export async function endServiceKey(
  change: ChangeScope,
  key: ServiceKeyRow,
  actor: string,
  now: number,
): Promise<void> {
  const held = await findCredentials(change.manager, key.id);
  const living = held.filter(({ status }) => status !== 'revoked');
  await enterRevokedCertificates(change.manager, living, 'cessationOfOperation', new Date(now));
  for (const row of held) {
    await change.manager.delete(CredentialRow, { sha256: row.sha256 });
    if (!row.pinned) continue;
    const version = await nextRecordVersion(change.manager, stateKey.credential(row.sha256));
    change.state({ ...toCredentialRecord(row, key), version, deleted: true });
  }
  for (const row of await change.manager.findBy(UnpinnedKeyRow, { serviceKeyId: key.id })) {
    await change.manager.delete(UnpinnedKeyRow, { digest: row.digest });
    const version = await nextRecordVersion(change.manager, stateKey.unpinned(row.digest));
    change.state({ ...toUnpinnedRecord(row, key), version, deleted: true });
  }
  for (const row of await findClientSecrets(change.manager, key.id)) {
    await change.manager.delete(ClientSecretRow, { id: row.id });
    const version = await nextRecordVersion(change.manager, stateKey.secret(row.id));
    change.state({ ...toSecretRecord(row, key), version, deleted: true });
  }
  if (await findRevokedTokens(change.manager, key.id)) await writeRevokedTokens(change, key.id, []);
  await change.manager.delete(ServiceKeyRow, { id: key.id });
  change.event('service-key.deleted', key.id, { actor, serviceKey: toEventServiceKey(key) });
}
