import { stateKey } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { nextRecordVersion } from '@sluice/persistence';
import type { PublishedChanges } from '@sluice/service-shell';
import { receiverCredentialSchema } from '../persistence/entities.js';
import { toReceiverCredentialRecord } from '../record/receiver-credential-record.js';

export class DeleteReceiverCredential {
  constructor(private readonly changes: PublishedChanges) {}

  /** @throws SluiceError `not-found` */
  execute({ alias }: { alias: string }) {
    return this.changes.commit(async ({ manager, state }) => {
      const version = await nextRecordVersion(manager, stateKey.receiverCredential(alias));
      const row = await manager.findOneBy(receiverCredentialSchema, { alias });
      if (!row) throw new SluiceError('not-found', `There is no credential ${alias}.`);
      await manager.delete(receiverCredentialSchema, { alias });
      state({ ...toReceiverCredentialRecord(row), version, deleted: true });
    });
  }
}
