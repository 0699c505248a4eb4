import type { ReceiverCredentialView } from '@sluice/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What of a credential is no secret. */
export type ShownOfCredential = Pick<
  ReceiverCredentialView,
  'description' | 'user' | 'tokenUrl' | 'clientId' | 'scope' | 'clientAuthentication' | 'certificate'
>;

@Entity({ name: 'receiver_credential' })
export class ReceiverCredentialRow {
  @PrimaryColumn({ type: 'text' })
  alias!: string;

  @Column({ type: 'text' })
  type!: ReceiverCredentialView['type'];

  @Column({ type: 'jsonb' })
  shown!: ShownOfCredential;

  /** JSON of the whole credential, sealed under the credential key. */
  @Column({ type: 'bytea' })
  sealed!: Buffer;

  @Column({ type: 'bigint' })
  version!: string;

  @Column({ type: 'timestamptz', name: 'changed_at' })
  changedAt!: Date;
}
