import { stateKey } from '@sluice/contracts';
import { invalidArgument, revocationReasons, SluiceError, type RevocationReason } from '@sluice/domain';
import { nextRecordVersion } from '@sluice/persistence';
import type { PublishedChanges } from '@sluice/service-shell';
import {
  credentialSchema,
  serviceKeySchema,
  unpinnedKeySchema,
  type CredentialRow,
  type ServiceKeyRow,
} from '../persistence/entities.js';
import { findCredentials, findServiceKey } from '../persistence/find-rows.js';
import { toCredentialRecord, toUnpinnedRecord } from '../record/state-record.js';
import { toEventCertificate, toEventServiceKey } from '../view/service-key-view.js';

/** Ends every certificate of a key for good. The key stays to be seen; a revoked key cannot be brought back. */
export class RevokeServiceKey {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly now: () => number,
  ) {}

  /** @throws SluiceError `not-found`, `invalid-argument`, `service-key-state` when it is revoked already */
  execute(request: { id: string; reason?: unknown; actor: string }) {
    const reason = (request.reason ?? 'unspecified') as RevocationReason;
    if (!revocationReasons.includes(reason)) {
      throw invalidArgument([{ field: 'reason', message: `must be one of ${revocationReasons.join(', ')}` }]);
    }
    return this.changes.commit(async (change) => {
      const key = await findServiceKey(change.manager, request.id, 'update');
      if (key.status === 'revoked')
        throw new SluiceError('service-key-state', `The service key ${key.name} is revoked already.`);
      const revokedAt = new Date(this.now());
      const held: CredentialRow[] = [];
      for (const row of await findCredentials(change.manager, key.id)) {
        const version = String(await nextRecordVersion(change.manager, stateKey.credential(row.sha256)));
        const revoked: CredentialRow = { ...row, status: 'revoked', revokedAt, revocationReason: reason, version };
        await change.manager.save(credentialSchema, revoked);
        if (row.pinned) change.state(toCredentialRecord(revoked, key));
        held.push(revoked);
      }
      const updated: ServiceKeyRow = { ...key, status: 'revoked', updatedAt: revokedAt };
      await change.manager.save(serviceKeySchema, updated);
      for (const row of await change.manager.findBy(unpinnedKeySchema, { serviceKeyId: key.id })) {
        const version = String(await nextRecordVersion(change.manager, stateKey.unpinned(row.digest)));
        await change.manager.save(unpinnedKeySchema, { ...row, version });
        change.state(toUnpinnedRecord({ ...row, version }, updated));
      }
      change.event('service-key.revoked', key.id, {
        actor: request.actor,
        serviceKey: toEventServiceKey(key),
        reason,
        certificates: held.map(toEventCertificate),
      });
      return { key: updated, held };
    });
  }
}
