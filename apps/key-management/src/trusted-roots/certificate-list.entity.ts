import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A CRL in force for certificates below a trusted root. */
@Entity({ name: 'root_certificate_list' })
export class RootCertificateListRow {
  @PrimaryColumn({ type: 'text', name: 'root_sha256' })
  rootSha256!: string;

  @PrimaryColumn({ type: 'text' })
  sha256!: string;

  @Column({ type: 'bytea', select: false })
  der!: Buffer;

  /** Hex SHA-256 of what it is about (issuer, distribution point, delta or not): of each there is one. */
  @Column({ type: 'text', name: 'scope_key' })
  scopeKey!: string;

  /** The URL it was fetched from; null when it was uploaded. */
  @Column({ type: 'text', nullable: true })
  source!: string | null;

  @Column({ type: 'text', name: 'issuer_dn' })
  issuerDn!: string;

  @Column({ type: 'text', name: 'crl_number', nullable: true })
  crlNumber!: string | null;

  @Column({ type: 'boolean' })
  delta!: boolean;

  @Column({ type: 'timestamptz', name: 'this_update' })
  thisUpdate!: Date;

  @Column({ type: 'timestamptz', name: 'next_update', nullable: true })
  nextUpdate!: Date | null;

  @Column({ type: 'integer' })
  entries!: number;

  @Column({ type: 'integer' })
  bytes!: number;

  @Column({ type: 'timestamptz' })
  since!: Date;
}

/** A URL that a CRL is fetched from, and how that is going. */
@Entity({ name: 'root_certificate_list_source' })
export class RootCertificateListSourceRow {
  @PrimaryColumn({ type: 'text', name: 'root_sha256' })
  rootSha256!: string;

  @PrimaryColumn({ type: 'text' })
  url!: string;

  @Column({ type: 'timestamptz', name: 'next_fetch_at' })
  nextFetchAt!: Date;

  @Column({ type: 'timestamptz', name: 'last_fetched_at', nullable: true })
  lastFetchedAt!: Date | null;

  @Column({ type: 'text', name: 'last_error', nullable: true })
  lastError!: string | null;

  @Column({ type: 'integer' })
  failures!: number;

  @Column({ type: 'text', nullable: true })
  etag!: string | null;
}
