import type { RevocationView, TrustedRootView } from '@sluice/contracts';
import { formatDistinguishedName } from '@sluice/domain';
import { decodePem, parseCertificate } from '@sluice/pki';
import type { EntityManager } from 'typeorm';
import { findCertificateLists, findCertificateListSources } from './find-trusted-root.js';
import { toTrustedRootView } from './trusted-root.view.js';
import type { RootCertificateListRow, RootCertificateListSourceRow } from './certificate-list.entity.js';
import type { TrustedRootRow } from './trusted-root.entity.js';

/** A root added by hand, with how its revocation sources are doing. */
export async function findTrustedRootView(manager: EntityManager, row: TrustedRootRow): Promise<TrustedRootView> {
  const view = toTrustedRootView(row.certificate, 'administrator', row.addedAt);
  if (!row.revocation) return view;
  const lists = await findCertificateLists(manager, row.sha256);
  return {
    ...view,
    revocation: toRevocationView(row.revocation, lists, await findCertificateListSources(manager, row.sha256)),
  };
}

function toRevocationView(
  policy: NonNullable<TrustedRootRow['revocation']>,
  lists: readonly RootCertificateListRow[],
  sources: readonly RootCertificateListSourceRow[],
): RevocationView {
  return {
    failure: policy.failure,
    scope: policy.scope,
    ...(policy.maximumAgeSeconds === undefined ? {} : { maximumAgeSeconds: policy.maximumAgeSeconds }),
    clockSkewSeconds: policy.clockSkewSeconds,
    crls: sources.map((source) => ({
      url: source.url,
      refreshSeconds: policy.crls.find(({ url }) => url === source.url)?.refreshSeconds ?? 0,
      ...(source.lastFetchedAt ? { lastFetchedAt: source.lastFetchedAt.toISOString() } : {}),
      nextFetchAt: source.nextFetchAt.toISOString(),
      ...(source.lastError === null ? {} : { lastError: source.lastError }),
    })),
    issuerCertificates: policy.issuerCertificates.flatMap(decodePem).map((der) => {
      const certificate = parseCertificate(der);
      return { sha256: certificate.sha256, subject: formatDistinguishedName(certificate.subject) };
    }),
    ...(policy.ocsp ? { ocsp: policy.ocsp } : {}),
    lists: lists.map(toCertificateListView),
  };
}

export function toCertificateListView(row: Omit<RootCertificateListRow, 'der'>): RevocationView['lists'][number] {
  return {
    sha256: row.sha256,
    issuer: row.issuerDn,
    ...(row.crlNumber === null ? {} : { number: row.crlNumber }),
    delta: row.delta,
    thisUpdate: row.thisUpdate.toISOString(),
    ...(row.nextUpdate ? { nextUpdate: row.nextUpdate.toISOString() } : {}),
    entries: row.entries,
    bytes: row.bytes,
    ...(row.source === null ? {} : { source: row.source }),
    since: row.since.toISOString(),
  };
}
