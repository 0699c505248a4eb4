import type { KeyType, Plan, RevocationPolicy, ServiceInstanceParameters, ServiceKeyParameters } from '@sluice/domain';
import { EntitySchema } from 'typeorm';

/** Rows of the schema `key_management`. `version` is that of the row's state record. */
export interface ServiceInstanceRow {
  id: string;
  name: string;
  plan: Plan;
  parameters: ServiceInstanceParameters;
  version: string;
  createdAt: Date;
  updatedAt: Date;
}

export interface ServiceKeyRow {
  id: string;
  serviceInstanceId: string;
  name: string;
  keyType: KeyType;
  parameters: ServiceKeyParameters;
  status: 'active' | 'revoked';
  /** scrypt, for keys of type `client_secret`. */
  secretHash: string | null;
  createdAt: Date;
  updatedAt: Date;
}

export interface CredentialRow {
  sha256: string;
  serviceKeyId: string;
  certificate: Buffer;
  /** The CA certificate that issued it, when that is one of ours. */
  issuedBy: string | null;
  subjectDn: string;
  issuerDn: string;
  serialNumber: string;
  notBefore: Date;
  notAfter: Date;
  /** False for the certificate an unpinned key was registered with: its names open the door, not the certificate. */
  pinned: boolean;
  /** Hex SHA-256 of the two canonical names. */
  namesDigest: string;
  /** `retired` is written when its end has come and was entered for the CRL; the end itself needs no writing. */
  status: 'active' | 'retiring' | 'retired' | 'revoked';
  retiresAt: Date | null;
  /** With this it ends only when it was not seen for so long, `retiresAt` at the earliest. */
  retireAfterUnusedDays: number | null;
  /** Since when its scheduled end is put off: it is the last usable certificate of its key. */
  postponedAt: Date | null;
  lastUsedAt: Date | null;
  /** The smallest of the thresholds at which `service-key.expiring` was said. */
  expiringTold: number | null;
  expiredToldAt: Date | null;
  /** Hex SHA-256 of the SubjectPublicKeyInfo. */
  publicKeySha256: string;
  revokedAt: Date | null;
  revocationReason: string | null;
  version: string;
  createdAt: Date;
}

/** What an unpinned key compares. */
export interface UnpinnedKeyRow {
  digest: string;
  serviceKeyId: string;
  issuerKeySha256: string | null;
  /** The certificate accepted last, as far as it is known here: verifiers move it on. */
  acceptedSha256: string;
  acceptedNotBefore: Date;
  version: string;
}

export interface CertificateAuthorityRow {
  id: string;
  kind: 'root' | 'issuing';
  parentId: string | null;
  certificate: Buffer;
  sha256: string;
  /** Sealed under the master key. */
  sealedKey: Buffer;
  status: 'prepared' | 'active' | 'retiring' | 'retired' | 'revoked';
  /** Counts the generations of its kind. */
  number: number;
  revocationReason: string | null;
  publicKeySha256: string;
  version: string;
  createdAt: Date;
}

export interface TrustedRootRow {
  sha256: string;
  certificate: Buffer;
  addedBy: string;
  version: string;
  addedAt: Date;
  /** Null: revocation is not checked. */
  revocation: RevocationPolicy | null;
}

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

const timestamp = { type: 'timestamptz' } as const;

export const serviceInstanceSchema = new EntitySchema<ServiceInstanceRow>({
  name: 'service_instance',
  columns: {
    id: { type: 'uuid', primary: true },
    name: { type: 'text' },
    plan: { type: 'text' },
    parameters: { type: 'jsonb' },
    version: { type: 'bigint' },
    createdAt: { ...timestamp, name: 'created_at' },
    updatedAt: { ...timestamp, name: 'updated_at' },
  },
});

export const serviceKeySchema = new EntitySchema<ServiceKeyRow>({
  name: 'service_key',
  columns: {
    id: { type: 'uuid', primary: true },
    serviceInstanceId: { type: 'uuid', name: 'service_instance_id' },
    name: { type: 'text' },
    keyType: { type: 'text', name: 'key_type' },
    parameters: { type: 'jsonb' },
    status: { type: 'text' },
    secretHash: { type: 'text', name: 'secret_hash', nullable: true },
    createdAt: { ...timestamp, name: 'created_at' },
    updatedAt: { ...timestamp, name: 'updated_at' },
  },
});

export const credentialSchema = new EntitySchema<CredentialRow>({
  name: 'credential',
  columns: {
    sha256: { type: 'text', primary: true },
    serviceKeyId: { type: 'uuid', name: 'service_key_id' },
    certificate: { type: 'bytea' },
    issuedBy: { type: 'uuid', name: 'issued_by', nullable: true },
    subjectDn: { type: 'text', name: 'subject_dn' },
    issuerDn: { type: 'text', name: 'issuer_dn' },
    serialNumber: { type: 'text', name: 'serial_number' },
    notBefore: { ...timestamp, name: 'not_before' },
    notAfter: { ...timestamp, name: 'not_after' },
    pinned: { type: 'boolean' },
    namesDigest: { type: 'text', name: 'names_digest' },
    status: { type: 'text' },
    retiresAt: { ...timestamp, name: 'retires_at', nullable: true },
    retireAfterUnusedDays: { type: 'integer', name: 'retire_after_unused_days', nullable: true },
    postponedAt: { ...timestamp, name: 'postponed_at', nullable: true },
    lastUsedAt: { ...timestamp, name: 'last_used_at', nullable: true },
    expiringTold: { type: 'integer', name: 'expiring_told', nullable: true },
    expiredToldAt: { ...timestamp, name: 'expired_told_at', nullable: true },
    publicKeySha256: { type: 'text', name: 'public_key_sha256' },
    revokedAt: { ...timestamp, name: 'revoked_at', nullable: true },
    revocationReason: { type: 'text', name: 'revocation_reason', nullable: true },
    version: { type: 'bigint' },
    createdAt: { ...timestamp, name: 'created_at' },
  },
});

export const unpinnedKeySchema = new EntitySchema<UnpinnedKeyRow>({
  name: 'unpinned_key',
  columns: {
    digest: { type: 'text', primary: true },
    serviceKeyId: { type: 'uuid', name: 'service_key_id' },
    issuerKeySha256: { type: 'text', name: 'issuer_key_sha256', nullable: true },
    acceptedSha256: { type: 'text', name: 'accepted_sha256' },
    acceptedNotBefore: { ...timestamp, name: 'accepted_not_before' },
    version: { type: 'bigint' },
  },
});

export const certificateAuthoritySchema = new EntitySchema<CertificateAuthorityRow>({
  name: 'certificate_authority',
  columns: {
    id: { type: 'uuid', primary: true },
    kind: { type: 'text' },
    parentId: { type: 'uuid', name: 'parent_id', nullable: true },
    certificate: { type: 'bytea' },
    sha256: { type: 'text' },
    sealedKey: { type: 'bytea', name: 'sealed_key' },
    status: { type: 'text' },
    number: { type: 'integer' },
    revocationReason: { type: 'text', name: 'revocation_reason', nullable: true },
    publicKeySha256: { type: 'text', name: 'public_key_sha256' },
    version: { type: 'bigint' },
    createdAt: { ...timestamp, name: 'created_at' },
  },
});

export const trustedRootSchema = new EntitySchema<TrustedRootRow>({
  name: 'trusted_root',
  columns: {
    sha256: { type: 'text', primary: true },
    certificate: { type: 'bytea' },
    addedBy: { type: 'text', name: 'added_by' },
    version: { type: 'bigint' },
    addedAt: { ...timestamp, name: 'added_at' },
    revocation: { type: 'jsonb', nullable: true },
  },
});

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

export const entities = [
  serviceInstanceSchema,
  serviceKeySchema,
  credentialSchema,
  unpinnedKeySchema,
  certificateAuthoritySchema,
  trustedRootSchema,
  rootCertificateListSchema,
  rootCertificateListSourceSchema,
] as const;

export const schema = 'key_management';
