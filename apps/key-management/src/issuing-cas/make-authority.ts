import { stateKey } from '@sluice/contracts';
import { parseDistinguishedName } from '@sluice/domain';
import {
  issueCertificate,
  parseCertificate,
  subjectPublicKeyInfo,
  type CertificateIssuer,
  type KeyPair,
} from '@sluice/pki';
import { lockRow, nextRecordVersion } from '@sluice/persistence';
import type { ChangeScope } from '@sluice/service-shell';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { sealedKeyOwner, type KeySealer } from './key-sealer.js';
import { CertificateAuthorityRow } from './certificate-authority.entity.js';
import { toCaRecord } from './issuing-ca.record.js';

const day = 86_400_000;
const lifetimes = { root: 20 * 365 * day, issuing: 5 * 365 * day } as const;
/** Senders' clocks differ a little: what was issued now must not be "not yet valid" there. */
export const clockSkew = 60_000;

export interface NewAuthority {
  readonly kind: 'root' | 'issuing';
  readonly status: 'prepared' | 'active';
  readonly pair: KeyPair;
  /** Absent for a root, which signs itself. */
  readonly parent?: { readonly id: string; readonly notAfter: number; readonly issuer: CertificateIssuer };
  readonly crlUrl?: string;
}

/** One at a time changes what CAs there are. To be called first in such a transaction. */
export async function lockAuthorities(manager: EntityManager): Promise<void> {
  await lockRow(manager, 'certificate-authority');
}

/** Issues a CA certificate, stores it with its sealed key and publishes its record. The name counts the generations. */
export async function makeAuthority(
  change: ChangeScope,
  sealer: KeySealer,
  { kind, status, pair, parent, crlUrl }: NewAuthority,
  now: number,
): Promise<CertificateAuthorityRow> {
  const id = randomUUID();
  // Nothing is sealed under a key that is about to be removed: the file may have another since it was looked at last.
  sealer.check();
  const number = ((await change.manager.maximum(CertificateAuthorityRow, 'number', { kind })) ?? 0) + 1;
  const subject = parseDistinguishedName(
    kind === 'root'
      ? `CN=Sluice Root CA${number === 1 ? '' : ` ${number}`},O=Sluice`
      : `CN=Sluice Issuing CA ${number},O=Sluice`,
  );
  const publicKey = subjectPublicKeyInfo(pair.publicKey);
  const { der } = issueCertificate(
    {
      subject,
      publicKey,
      notBefore: now - clockSkew,
      notAfter: Math.min(now + lifetimes[kind], parent?.notAfter ?? Number.POSITIVE_INFINITY),
      profile: { kind: 'certificate-authority', pathLength: kind === 'root' ? 1 : 0 },
      ...(crlUrl === undefined ? {} : { crlUrl }),
    },
    parent?.issuer ?? { name: subject, privateKey: pair.privateKey, publicKey },
  );
  const certificate = parseCertificate(der);
  const row: CertificateAuthorityRow = {
    id,
    kind,
    parentId: parent?.id ?? null,
    certificate: Buffer.from(der),
    sha256: certificate.sha256,
    sealedKey: sealer.seal(pair.privateKey.export({ type: 'pkcs8', format: 'der' }), sealedKeyOwner(id)),
    status,
    number,
    revocationReason: null,
    publicKeySha256: certificate.spkiSha256,
    version: String(await nextRecordVersion(change.manager, stateKey.ca(id))),
    createdAt: new Date(now),
  };
  await change.manager.insert(CertificateAuthorityRow, row);
  change.state(toCaRecord(row));
  return row;
}
