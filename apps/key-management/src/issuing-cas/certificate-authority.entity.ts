import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'certificate_authority' })
export class CertificateAuthorityRow {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'text' })
  kind!: 'root' | 'issuing';

  @Column({ type: 'uuid', name: 'parent_id', nullable: true })
  parentId!: string | null;

  @Column({ type: 'bytea' })
  certificate!: Buffer;

  @Column({ type: 'text' })
  sha256!: string;

  /** Sealed under the master key. */
  @Column({ type: 'bytea', name: 'sealed_key' })
  sealedKey!: Buffer;

  @Column({ type: 'text' })
  status!: 'prepared' | 'active' | 'retiring' | 'retired' | 'revoked';

  /** Counts the generations of its kind. */
  @Column({ type: 'integer' })
  number!: number;

  @Column({ type: 'text', name: 'revocation_reason', nullable: true })
  revocationReason!: string | null;

  @Column({ type: 'text', name: 'public_key_sha256' })
  publicKeySha256!: string;

  @Column({ type: 'bigint' })
  version!: string;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
