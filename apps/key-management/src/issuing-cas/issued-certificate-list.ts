import { issueCertificateList, type ReasonName } from '@sluice/pki';
import { lockRow } from '@sluice/persistence';
import { DataSource, type EntityManager } from 'typeorm';
import { CertificateAuthority } from './certificate-authority.js';
import { clockSkew } from './make-authority.js';
import { findAuthority } from './find-authority.js';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK } from '@sluice/service-shell';

export interface KeptCertificateList {
  readonly der: Buffer;
  /** cRLNumber. */
  readonly number: number;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
}

const hour = 3_600_000;
/** How long a list may be used without asking again. */
const lifetime = 24 * hour;
/** A list is made anew when it has less than this left, so that whoever fetches once in a while always has a fresh one. */
const renewBefore = 12 * hour;
/** RFC 5280 §3.3: an entry stays on at least one list after the certificate has expired. */
const keptAfterExpiry = 7 * 24 * hour;

/**
 * The CRLs of our CAs. A list is made when it is asked for and the one there is misses a revocation or grows old: a
 * revocation is on the very next list that anybody fetches, and no process has to remember to make one.
 */
@Injectable()
export class IssuedCertificateList {
  constructor(
    private readonly dataSource: DataSource,
    private readonly authority: CertificateAuthority,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @param authorityId an issuing CA or a root, in use or not. @throws SluiceError `not-found` */
  async current(authorityId: string): Promise<KeptCertificateList> {
    const { manager } = this.dataSource;
    await findAuthority(manager, authorityId);
    const kept = await readList(manager, authorityId);
    if (kept && this.#isCurrent(kept)) return kept;
    return this.dataSource.transaction((transaction) => this.#renew(transaction, authorityId));
  }

  #isCurrent({ misses, nextUpdate }: ReadCertificateList): boolean {
    return !misses && nextUpdate.getTime() - this.now() >= renewBefore;
  }

  async #renew(manager: EntityManager, authorityId: string): Promise<KeptCertificateList> {
    await lockRow(manager, `certificate-list.${authorityId}`);
    const kept = await readList(manager, authorityId);
    // Another process made it while this one waited.
    if (kept && this.#isCurrent(kept)) return kept;
    const now = this.now();
    // As certificates are, so that a receiver whose clock is behind takes it.
    const thisUpdate = now - clockSkew;
    const number = (kept?.number ?? 0) + 1;
    await manager.query('UPDATE revoked_certificate SET listed_in = $2 WHERE issued_by = $1 AND listed_in IS NULL', [
      authorityId,
      number,
    ]);
    const entries: { serial_number: string; revoked_at: Date; reason: ReasonName }[] = await manager.query(
      `SELECT serial_number, revoked_at, reason FROM revoked_certificate
       WHERE issued_by = $1 AND listed_in IS NOT NULL AND not_after > $2 ORDER BY revoked_at, serial_number`,
      [authorityId, new Date(now - keptAfterExpiry)],
    );
    const { issuer } = this.authority.open(await findAuthority(manager, authorityId));
    const der = Buffer.from(
      issueCertificateList(
        {
          number,
          thisUpdate,
          nextUpdate: now + lifetime,
          entries: entries.map((entry) => ({
            serialNumber: entry.serial_number,
            // Some receivers take a revocation whose time has not come by their clock for none.
            revokedAt: Math.min(entry.revoked_at.getTime(), thisUpdate),
            reason: entry.reason,
          })),
        },
        issuer,
      ),
    );
    const made = { der, number, thisUpdate: new Date(thisUpdate), nextUpdate: new Date(now + lifetime) };
    await manager.query(
      `INSERT INTO certificate_list (authority_id, number, der, this_update, next_update) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (authority_id) DO UPDATE
       SET number = EXCLUDED.number, der = EXCLUDED.der, this_update = EXCLUDED.this_update, next_update = EXCLUDED.next_update`,
      [authorityId, number, der, made.thisUpdate, made.nextUpdate],
    );
    return made;
  }
}

interface ReadCertificateList extends KeptCertificateList {
  /** There was a revocation that is not on it. */
  readonly misses: boolean;
}

/**
 * What is not on the list is looked for in the statement that reads the list: between two statements another process may make
 * the next one, and then nothing would be missing. Entries are marked one by one, so one that commits late is found though
 * others entered after it are on the list already.
 */
async function readList(manager: EntityManager, authorityId: string): Promise<ReadCertificateList | undefined> {
  const [row]: { der: Buffer; number: string; this_update: Date; next_update: Date; misses: boolean }[] =
    await manager.query(
      `SELECT der, number, this_update, next_update, EXISTS (
         SELECT 1 FROM revoked_certificate WHERE issued_by = $1 AND listed_in IS NULL) AS misses
       FROM certificate_list WHERE authority_id = $1`,
      [authorityId],
    );
  if (!row) return undefined;
  const { der, this_update: thisUpdate, next_update: nextUpdate, misses } = row;
  return { der, number: Number(row.number), thisUpdate, nextUpdate, misses };
}
