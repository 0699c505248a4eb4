import type { RevocationPolicy } from '@sluice/domain';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'trusted_root' })
export class TrustedRootRow {
  @PrimaryColumn({ type: 'text' })
  sha256!: string;

  @Column({ type: 'bytea' })
  certificate!: Buffer;

  @Column({ type: 'text', name: 'added_by' })
  addedBy!: string;

  @Column({ type: 'bigint' })
  version!: string;

  @Column({ type: 'timestamptz', name: 'added_at' })
  addedAt!: Date;

  /** Null: revocation is not checked. */
  @Column({ type: 'jsonb', nullable: true })
  revocation!: RevocationPolicy | null;
}
