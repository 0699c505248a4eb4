import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What an unpinned key compares. */
@Entity({ name: 'unpinned_key' })
export class UnpinnedKeyRow {
  @PrimaryColumn({ type: 'text' })
  digest!: string;

  @Column({ type: 'uuid', name: 'service_key_id' })
  serviceKeyId!: string;

  @Column({ type: 'text', name: 'issuer_key_sha256', nullable: true })
  issuerKeySha256!: string | null;

  /** The certificate accepted last, as far as it is known here: verifiers move it on. */
  @Column({ type: 'text', name: 'accepted_sha256' })
  acceptedSha256!: string;

  @Column({ type: 'timestamptz', name: 'accepted_not_before' })
  acceptedNotBefore!: Date;

  @Column({ type: 'bigint' })
  version!: string;
}
