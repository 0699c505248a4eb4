import type { EntityManager } from 'typeorm';
import type { IssuingCaView } from '@sluice/contracts';
import { toIssuingCaView } from './issuing-ca.view.js';
import { CertificateAuthorityRow } from './certificate-authority.entity.js';

export function findRootOf(manager: EntityManager, row: CertificateAuthorityRow): Promise<CertificateAuthorityRow> {
  return manager.findOneByOrFail(CertificateAuthorityRow, { id: row.parentId as string });
}

/** Certificates below a CA that grant access at a time (milliseconds since 1970). */
export async function countUsable(manager: EntityManager, authorityId: string, now: number): Promise<number> {
  const [row]: { count: number }[] = await manager.query(
    `SELECT count(*)::int AS count FROM credential
     WHERE issued_by = $1 AND status IN ('active', 'retiring') AND not_after > $2
       AND NOT (retires_at IS NOT NULL AND retires_at <= $2 AND retire_after_unused_days IS NULL AND postponed_at IS NULL)`,
    [authorityId, new Date(now)],
  );
  return row?.count ?? 0;
}

export async function viewIssuingCa(
  manager: EntityManager,
  row: CertificateAuthorityRow,
  now: number,
): Promise<IssuingCaView> {
  return toIssuingCaView(row, await findRootOf(manager, row), await countUsable(manager, row.id, now));
}
