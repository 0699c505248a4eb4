import { stateKey, type ReceiverCredentialInput } from '@sluice/contracts';
import { nextRecordVersion, type SecretSealer } from '@sluice/persistence';
import type { PublishedChanges } from '@sluice/service-shell';
import { receiverCredentialSchema, type ReceiverCredentialRow } from '../persistence/entities.js';
import { checkAlias, readCredentialInput } from '../receiver-credential/read-credential-input.js';
import { ownerOf } from '../receiver-credential/receiver-credential.js';
import { toReceiverCredentialRecord } from '../record/receiver-credential-record.js';

export class PutReceiverCredential {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly sealer: SecretSealer,
    private readonly now: () => number,
  ) {}

  /**
   * Stores a credential under its alias, in the place of the one that was there.
   * @throws SluiceError `invalid-argument`
   */
  async execute(request: {
    alias: string;
    credential: ReceiverCredentialInput;
  }): Promise<{ row: ReceiverCredentialRow; created: boolean; propagation: 'published' | 'pending' }> {
    const { alias } = request;
    checkAlias(alias);
    const { secret, shown } = readCredentialInput(request.credential);
    const sealed = this.sealer.seal(Buffer.from(JSON.stringify(secret)), ownerOf(alias));
    const { value, propagation } = await this.changes.commit(async ({ manager, state }) => {
      const version = String(await nextRecordVersion(manager, stateKey.receiverCredential(alias)));
      const created = !(await manager.existsBy(receiverCredentialSchema, { alias }));
      const row: ReceiverCredentialRow = {
        alias,
        type: secret.type,
        shown,
        sealed,
        version,
        changedAt: new Date(this.now()),
      };
      await manager.save(receiverCredentialSchema, row);
      state(toReceiverCredentialRecord(row));
      return { row, created };
    });
    return { ...value, propagation };
  }
}
