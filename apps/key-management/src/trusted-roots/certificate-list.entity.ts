import { EntitySchema } from 'typeorm';
import { timestamp } from '../persistence/timestamp.js';

/** A CRL in force for certificates below a trusted root. */
export interface RootCertificateListRow {
  rootSha256: string;
  sha256: string;
  der: Buffer;
  /** Hex SHA-256 of what it is about (issuer, distribution point, delta or not): of each there is one. */
  scopeKey: string;
  /** The URL it was fetched from; null when it was uploaded. */
  source: string | null;
  issuerDn: string;
  crlNumber: string | null;
  delta: boolean;
  thisUpdate: Date;
  nextUpdate: Date | null;
  entries: number;
  bytes: number;
  since: Date;
}

/** A URL that a CRL is fetched from, and how that is going. */
export interface RootCertificateListSourceRow {
  rootSha256: string;
  url: string;
  nextFetchAt: Date;
  lastFetchedAt: Date | null;
  lastError: string | null;
  failures: number;
  etag: string | null;
}

export const rootCertificateListSchema = new EntitySchema<RootCertificateListRow>({
  name: 'root_certificate_list',
  columns: {
    rootSha256: { type: 'text', name: 'root_sha256', primary: true },
    sha256: { type: 'text', primary: true },
    // Not read unless asked for: it may have tens of megabytes.
    der: { type: 'bytea', select: false },
    scopeKey: { type: 'text', name: 'scope_key' },
    source: { type: 'text', nullable: true },
    issuerDn: { type: 'text', name: 'issuer_dn' },
    crlNumber: { type: 'text', name: 'crl_number', nullable: true },
    delta: { type: 'boolean' },
    thisUpdate: { ...timestamp, name: 'this_update' },
    nextUpdate: { ...timestamp, name: 'next_update', nullable: true },
    entries: { type: 'integer' },
    bytes: { type: 'integer' },
    since: timestamp,
  },
});

export const rootCertificateListSourceSchema = new EntitySchema<RootCertificateListSourceRow>({
  name: 'root_certificate_list_source',
  columns: {
    rootSha256: { type: 'text', name: 'root_sha256', primary: true },
    url: { type: 'text', primary: true },
    nextFetchAt: { ...timestamp, name: 'next_fetch_at' },
    lastFetchedAt: { ...timestamp, name: 'last_fetched_at', nullable: true },
    lastError: { type: 'text', name: 'last_error', nullable: true },
    failures: { type: 'integer' },
    etag: { type: 'text', nullable: true },
  },
});
