import { stateKey } from '@sluice/contracts';
import { requirePrecondition, SluiceError, type Precondition } from '@sluice/domain';
import { nextRecordVersion } from '@sluice/persistence';
import { PublishedChanges } from '@sluice/service-shell';
import { toReceiverCredentialRecord } from './receiver-credential.record.js';
import { ReceiverCredentialRow } from './receiver-credential.entity.js';
import { receiverCredentialTag } from './receiver-credential.tag.js';
import { Injectable } from '@nestjs/common';

@Injectable()
export class DeleteReceiverCredential {
  constructor(private readonly changes: PublishedChanges) {}

  /** @throws SluiceError `not-found`, `precondition-failed` */
  execute({ alias, ...precondition }: { alias: string } & Precondition) {
    return this.changes.commit(async ({ manager, state }) => {
      const version = await nextRecordVersion(manager, stateKey.receiverCredential(alias));
      const row = await manager.findOneBy(ReceiverCredentialRow, { alias });
      if (!row) throw new SluiceError('not-found', `There is no credential ${alias}.`);
      requirePrecondition(precondition, receiverCredentialTag(row));
      await manager.delete(ReceiverCredentialRow, { alias });
      state({ ...toReceiverCredentialRecord(row), version, deleted: true });
    });
  }
}
