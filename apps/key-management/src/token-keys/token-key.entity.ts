import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A key with which access tokens are signed (ES256). One is active at a time. */
@Entity({ name: 'token_key' })
export class TokenKeyRow {
  /** RFC 7638: the thumbprint of the public key. */
  @PrimaryColumn({ type: 'text' })
  kid!: string;

  /** SubjectPublicKeyInfo, DER. */
  @Column({ type: 'bytea', name: 'public_key' })
  publicKey!: Buffer;

  /** PKCS#8, sealed under the master key. */
  @Column({ type: 'bytea', name: 'sealed_key' })
  sealedKey!: Buffer;

  /** What the tokens name as their issuer. */
  @Column({ type: 'text' })
  issuer!: string;

  @Column({ type: 'text' })
  status!: 'prepared' | 'active' | 'retiring';

  /** Of one that is prepared: when it is to sign. */
  @Column({ type: 'timestamptz', name: 'activates_at', nullable: true })
  activatesAt!: Date | null;

  @Column({ type: 'timestamptz', name: 'activated_at', nullable: true })
  activatedAt!: Date | null;

  /** Of one that is retiring: no token it signed is good after that. */
  @Column({ type: 'timestamptz', name: 'ends_at', nullable: true })
  endsAt!: Date | null;

  @Column({ type: 'bigint' })
  version!: string;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
