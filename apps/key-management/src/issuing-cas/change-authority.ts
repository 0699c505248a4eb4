import { stateKey } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { nextRecordVersion } from '@sluice/persistence';
import type { ChangeScope } from '@sluice/service-shell';
import { In } from 'typeorm';
import { toEventIssuingCa, toEventRoot } from './issuing-ca.view.js';
import { findRootOf } from './find-authorities.js';
import { CertificateAuthorityRow } from './certificate-authority.entity.js';
import { toCaRecord } from './issuing-ca.record.js';

type Outcome = Pick<CertificateAuthorityRow, 'status'> & Partial<Pick<CertificateAuthorityRow, 'revocationReason'>>;

/** Gives a CA another status, here and in the state stream. */
export async function setStatus(
  change: ChangeScope,
  row: CertificateAuthorityRow,
  outcome: Outcome,
): Promise<CertificateAuthorityRow> {
  const version = String(await nextRecordVersion(change.manager, stateKey.ca(row.id)));
  const updated = { ...row, ...outcome, version };
  await change.manager.update(CertificateAuthorityRow, { id: row.id }, { ...outcome, version });
  change.state(toCaRecord(updated));
  return updated;
}

/**
 * Lets a prepared CA issue from now on. The one before it issues no more, and what it issued stays valid; so does their
 * root when the new one has another.
 */
export async function activate(
  change: ChangeScope,
  prepared: CertificateAuthorityRow,
  actor: string,
): Promise<CertificateAuthorityRow> {
  const { manager } = change;
  const before = await manager.findOneBy(CertificateAuthorityRow, { kind: 'issuing', status: 'active' });
  // First, for there is one active CA at a time.
  if (before) await setStatus(change, before, { status: 'retiring' });
  const active = await setStatus(change, prepared, { status: 'active' });
  const root = await findRootOf(manager, active);
  const newRoot = root.status === 'prepared';
  if (newRoot) await setStatus(change, root, { status: 'active' });
  if (before && before.parentId !== active.parentId) {
    const oldRoot = await findRootOf(manager, before);
    if (oldRoot.status === 'active') await setStatus(change, oldRoot, { status: 'retiring' });
  }
  change.event('issuing-ca.activated', active.id, {
    actor,
    issuingCa: toEventIssuingCa(active),
    ...(newRoot ? { root: toEventRoot(root) } : {}),
    ...(before ? { predecessor: toEventIssuingCa(before) } : {}),
  });
  return active;
}

/** A root that is being replaced goes with the last CA below it; an active one stays, though it has none for the moment. */
export async function retireRootWithoutCas(change: ChangeScope, rootId: string): Promise<void> {
  const root = await change.manager.findOneByOrFail(CertificateAuthorityRow, { id: rootId });
  if (root.status !== 'retiring' && root.status !== 'prepared') return;
  const inUse = await change.manager.existsBy(CertificateAuthorityRow, {
    parentId: rootId,
    status: In(['prepared', 'active', 'retiring']),
  });
  if (!inUse) await setStatus(change, root, { status: 'retired' });
}

/** @throws SluiceError `issuing-ca-state` */
export function requireStatus(
  row: CertificateAuthorityRow,
  allowed: readonly CertificateAuthorityRow['status'][],
  nextStep: string,
): void {
  if (allowed.includes(row.status)) return;
  throw new SluiceError('issuing-ca-state', `The issuing CA ${row.id} is ${row.status}: ${nextStep}`, {
    status: row.status,
  });
}
