import { stateKey, type ReceiverCredentialInput } from '@sluice/contracts';
import { requirePrecondition, type Precondition } from '@sluice/domain';
import { nextRecordVersion, SecretSealer } from '@sluice/persistence';
import { PublishedChanges, CLOCK } from '@sluice/service-shell';
import { checkAlias, readCredentialInput } from './read-credential-input.js';
import { ownerOf } from './receiver-credential.js';
import { toReceiverCredentialRecord } from './receiver-credential.record.js';
import { ReceiverCredentialRow } from './receiver-credential.entity.js';
import { receiverCredentialTag } from './receiver-credential.tag.js';
import { Inject, Injectable } from '@nestjs/common';

@Injectable()
export class PutReceiverCredential {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly sealer: SecretSealer,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /**
   * Stores a credential under its alias, in the place of the one that was there.
   * @throws SluiceError `invalid-argument`, `precondition-failed`
   */
  async execute(
    request: {
      alias: string;
      credential: ReceiverCredentialInput;
    } & Precondition,
  ): Promise<{ row: ReceiverCredentialRow; created: boolean; propagation: 'published' | 'pending' }> {
    const { alias } = request;
    checkAlias(alias);
    const { secret, shown } = readCredentialInput(request.credential);
    const sealed = this.sealer.seal(Buffer.from(JSON.stringify(secret)), ownerOf(alias));
    const { value, propagation } = await this.changes.commit(async ({ manager, state }) => {
      // With it comes the lock that every change of this alias waits for.
      const version = String(await nextRecordVersion(manager, stateKey.receiverCredential(alias)));
      const before = await manager.findOneBy(ReceiverCredentialRow, { alias });
      requirePrecondition(request, before ? receiverCredentialTag(before) : undefined);
      const row: ReceiverCredentialRow = {
        alias,
        type: secret.type,
        shown,
        sealed,
        version,
        changedAt: new Date(this.now()),
      };
      await manager.save(ReceiverCredentialRow, row);
      state(toReceiverCredentialRecord(row));
      return { row, created: !before };
    });
    return { ...value, propagation };
  }
}
