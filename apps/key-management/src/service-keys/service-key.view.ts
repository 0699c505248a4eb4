import type { Credentials, EventData, ServiceKeyView } from '@sluice/contracts';
import { encodePem, type Certificate } from '@sluice/pki';
import type { ClientSecretRow } from '../client-secrets/client-secret.entity.js';
import { toSecretView } from '../client-secrets/client-secret.view.js';
import { statusAt } from './scheduled-end.js';
import type { CredentialRow } from './credential.entity.js';
import type { ServiceKeyRow } from './service-key.entity.js';

export function toServiceKeyView(
  key: ServiceKeyRow,
  held: readonly Omit<CredentialRow, 'certificate'>[],
  secretsOfKey: readonly ClientSecretRow[],
  now: number,
): ServiceKeyView {
  const certificates = [...held]
    .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
    .map((row) => ({
      sha256: row.sha256,
      subjectdn: row.subjectDn,
      issuerdn: row.issuerDn,
      serialnumber: `0x${row.serialNumber}`,
      validfrom: row.notBefore.toISOString(),
      validuntil: row.notAfter.toISOString(),
      status: statusAt(row, now),
      ...(row.retiresAt ? { retiresAt: row.retiresAt.toISOString() } : {}),
      ...(row.retireAfterUnusedDays === null ? {} : { retireAfterUnusedDays: row.retireAfterUnusedDays }),
      ...(row.postponedAt ? { retirementPostponedAt: row.postponedAt.toISOString() } : {}),
      ...(row.lastUsedAt ? { lastUsedAt: row.lastUsedAt.toISOString() } : {}),
      ...(row.revocationReason ? { revocationReason: row.revocationReason } : {}),
    }));
  const secrets = [...secretsOfKey]
    .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
    .map((row) => toSecretView(row, now));
  const all = [...certificates, ...secrets];
  const usable = all.some(({ status }) => status === 'active' || status === 'retiring');
  const status = key.status === 'active' && all.length > 0 && !usable ? 'expired' : key.status;
  return {
    id: key.id,
    name: key.name,
    serviceInstanceId: key.serviceInstanceId,
    'key-type': key.keyType,
    parameters: { ...key.parameters },
    status,
    certificates,
    secrets,
    createdAt: key.createdAt.toISOString(),
    updatedAt: key.updatedAt.toISOString(),
  };
}

export interface CredentialParts {
  readonly key: Pick<ServiceKeyRow, 'id'>;
  readonly held?: CredentialRow | undefined;
  /** Leaf first, root last; the leaf alone for an external certificate. */
  readonly chain?: readonly Certificate[];
  readonly privateKeyPem?: string;
  readonly secret?: string;
  /** Where it calls: see {@link CallAddresses}. */
  readonly url: string;
}

/** CA certificates stand below every leaf, and are the same objects while the CA is active. */
const pems = new WeakMap<Certificate, string>();

function toPem(certificate: Certificate): string {
  const kept = pems.get(certificate);
  if (kept !== undefined) return kept;
  const pem = encodePem(certificate.der);
  pems.set(certificate, pem);
  return pem;
}

/** What the sender gets. Every PEM in it works as it is, with its line breaks. */
export function toCredentials(parts: CredentialParts): Credentials {
  const { held } = parts;
  return {
    clientid: parts.key.id,
    ...(parts.secret === undefined ? {} : { clientsecret: parts.secret }),
    ...(parts.chain ? { certificate: parts.chain.map(toPem).join('') } : {}),
    ...(parts.privateKeyPem === undefined ? {} : { key: parts.privateKeyPem }),
    ...(held
      ? {
          certificatedetails: {
            issuerdn: held.issuerDn,
            subjectdn: held.subjectDn,
            validuntil: held.notAfter.toISOString(),
            serialnumber: `0x${held.serialNumber}`,
          },
        }
      : {}),
    tokenurl: `${parts.url}/oauth/token`,
    url: parts.url,
  };
}

type CertificateInEvent = NonNullable<EventData<'service-key.rotated'>['certificate']>;

export function toEventCertificate(row: CredentialRow): CertificateInEvent {
  return {
    sha256: row.sha256,
    subjectdn: row.subjectDn,
    issuerdn: row.issuerDn,
    serialnumber: `0x${row.serialNumber}`,
    validuntil: row.notAfter.toISOString(),
  };
}

export function toEventServiceKey(key: ServiceKeyRow): EventData<'service-key.deleted'>['serviceKey'] {
  return { id: key.id, name: key.name, serviceInstanceId: key.serviceInstanceId, 'key-type': key.keyType };
}
