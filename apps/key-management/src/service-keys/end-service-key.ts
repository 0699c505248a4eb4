import { stateKey } from '@sluice/contracts';
import { nextRecordVersion } from '@sluice/persistence';
import type { ChangeScope } from '@sluice/service-shell';
import { enterRevokedCertificates } from '../issuing-cas/enter-revoked-certificates.js';
import { toEventServiceKey } from './service-key.view.js';
import { credentialSchema } from './credential.entity.js';
import { serviceKeySchema, type ServiceKeyRow } from './service-key.entity.js';
import { unpinnedKeySchema } from './unpinned-key.entity.js';
import { findCredentials } from './find-service-key.js';
import { toCredentialRecord, toUnpinnedRecord } from './service-key.record.js';

/** Removes a key that the transaction holds locked, with all its certificates: none of them opens the door any more. */
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
    await change.manager.delete(credentialSchema, { sha256: row.sha256 });
    if (!row.pinned) continue;
    const version = await nextRecordVersion(change.manager, stateKey.credential(row.sha256));
    change.state({ ...toCredentialRecord(row, key), version, deleted: true });
  }
  for (const row of await change.manager.findBy(unpinnedKeySchema, { serviceKeyId: key.id })) {
    await change.manager.delete(unpinnedKeySchema, { digest: row.digest });
    const version = await nextRecordVersion(change.manager, stateKey.unpinned(row.digest));
    change.state({ ...toUnpinnedRecord(row, key), version, deleted: true });
  }
  await change.manager.delete(serviceKeySchema, { id: key.id });
  change.event('service-key.deleted', key.id, { actor, serviceKey: toEventServiceKey(key) });
}
