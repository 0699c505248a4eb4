import type { ReceiverCredentialView } from '@sluice/contracts';
import { EntitySchema } from 'typeorm';

/** What of a credential is no secret. */
export type ShownOfCredential = Pick<
  ReceiverCredentialView,
  'description' | 'user' | 'tokenUrl' | 'clientId' | 'scope' | 'clientAuthentication' | 'certificate'
>;

export interface ReceiverCredentialRow {
  alias: string;
  type: ReceiverCredentialView['type'];
  shown: ShownOfCredential;
  /** JSON of the whole credential, sealed under the credential key. */
  sealed: Buffer;
  version: string;
  changedAt: Date;
}

export const receiverCredentialSchema = new EntitySchema<ReceiverCredentialRow>({
  name: 'receiver_credential',
  columns: {
    alias: { type: 'text', primary: true },
    type: { type: 'text' },
    shown: { type: 'jsonb' },
    sealed: { type: 'bytea' },
    version: { type: 'bigint' },
    changedAt: { type: 'timestamptz', name: 'changed_at' },
  },
});
