import { maxInlineCertificateList, stateKey } from '@sluice/contracts';
import { formatDistinguishedName, SluiceError } from '@sluice/domain';
import type { CertificateListStore } from '@sluice/messaging';
import { lockRow, nextRecordVersion } from '@sluice/persistence';
import { parseCertificate } from '@sluice/pki';
import type { ChangeScope } from '@sluice/service-shell';
import type { DataSource, EntityManager } from 'typeorm';
import { findCertificateLists, findListsForRecord } from './find-trusted-root.js';
import type { ReadCertificateList } from './read-certificate-list.js';
import { RootCertificateListRow } from './certificate-list.entity.js';
import { TrustedRootRow } from './trusted-root.entity.js';
import { toRootRecord } from './trusted-root.record.js';

/** One putting process at a time: two that put the same object would mix their chunks. */
const storeLock = 'certificate-list-store';
/** An object that nothing needs after this time was put for a change that was never made. */
const unneededAfterMs = 600_000;

/** The CRLs in force: rows, the object store for the long ones, and the root's state record that names them. */
export class CertificateLists {
  constructor(
    private readonly dataSource: DataSource,
    private readonly store: CertificateListStore,
    private readonly now: () => number,
    private readonly pause: (ms: number) => Promise<unknown> = (ms) =>
      new Promise((resolve) => setTimeout(resolve, ms)),
  ) {}

  /**
   * Puts long CRLs where verifiers read them, and gives these the time to do so before the record names them. A verifier that
   * has not read one when its record comes refuses as `behind` until it has.
   */
  async announce(lists: readonly ReadCertificateList[]): Promise<void> {
    const long = lists.map(({ list }) => list.der).filter((der) => der.length > maxInlineCertificateList);
    if (long.length === 0) return;
    for (const der of long) await this.#withStore(() => this.store.put(der));
    await this.pause(timeToLoadMs(long.reduce((sum, der) => sum + der.length, 0)));
  }

  /**
   * Enters a CRL in place of the one before of the same scope.
   * @param source the URL, or null when it was uploaded
   * @returns false when it is in force already
   * @throws SluiceError `certificate-list-refused` when a newer one is in force: an old CRL would lift revocations
   */
  async enter(
    manager: EntityManager,
    root: TrustedRootRow,
    { list, scopeKey }: ReadCertificateList,
    source: string | null,
  ): Promise<boolean> {
    const before = await manager.findOneBy(RootCertificateListRow, { rootSha256: root.sha256, scopeKey });
    if (before?.sha256 === list.sha256) return false;
    if (before && isOlder(list, before)) {
      throw new SluiceError(
        'certificate-list-refused',
        `The CRL of ${new Date(list.thisUpdate).toISOString()} is older than the one in force, of ${before.thisUpdate.toISOString()}: an older one is never taken.`,
        { inForce: before.sha256 },
      );
    }
    if (before) await manager.delete(RootCertificateListRow, { rootSha256: root.sha256, sha256: before.sha256 });
    // A URL that now gives a CRL of another scope gives the one before no longer.
    if (source !== null) await manager.delete(RootCertificateListRow, { rootSha256: root.sha256, source });
    await manager.insert(RootCertificateListRow, {
      rootSha256: root.sha256,
      sha256: list.sha256,
      der: Buffer.from(list.der.buffer, list.der.byteOffset, list.der.length),
      scopeKey,
      source,
      issuerDn: formatDistinguishedName(list.issuer),
      crlNumber: list.crlNumber === undefined ? null : String(list.crlNumber),
      delta: list.isDelta,
      thisUpdate: new Date(list.thisUpdate),
      nextUpdate: list.nextUpdate === undefined ? null : new Date(list.nextUpdate),
      entries: list.revoked.size,
      bytes: list.der.length,
      since: new Date(this.now()),
    });
    return true;
  }

  /** Publishes the root with its policy and the lists as they now are. @returns the row with its new version */
  async publish(change: ChangeScope, root: TrustedRootRow, actor: string): Promise<TrustedRootRow> {
    const row: TrustedRootRow = {
      ...root,
      version: String(await nextRecordVersion(change.manager, stateKey.root(root.sha256))),
    };
    await change.manager.save(TrustedRootRow, row);
    const lists = await findCertificateLists(change.manager, row.sha256);
    change.state(toRootRecord(row, await findListsForRecord(change.manager, row.sha256)));
    change.event('trusted-root.updated', row.sha256, {
      actor,
      trustedRoot: {
        sha256: row.sha256,
        subject: formatDistinguishedName(parseCertificate(row.certificate).subject),
      },
      ...(row.revocation
        ? {
            revocation: {
              failure: row.revocation.failure,
              lists: lists.map(({ sha256, issuerDn }) => ({ sha256, issuer: issuerDn })),
            },
          }
        : {}),
    });
    return row;
  }

  /** Puts what is missing in the object store, as after a loss of the bus, and removes what nothing needs any more. */
  async keepStore(): Promise<void> {
    const rows = await this.dataSource.manager
      .createQueryBuilder(RootCertificateListRow, 'list')
      .select('DISTINCT list.sha256', 'sha256')
      .where('list.bytes > :inline', { inline: maxInlineCertificateList })
      .getRawMany<{ sha256: string }>();
    for (const { sha256 } of rows) {
      await this.#withStore(async () => {
        if (await this.store.has(sha256)) return;
        const der = await this.#readDer(sha256);
        if (der) await this.store.put(der);
      });
    }
    await this.#withStore(() =>
      this.store.prune(new Set(rows.map(({ sha256 }) => sha256)), this.now() - unneededAfterMs),
    );
  }

  async #readDer(sha256: string): Promise<Buffer | undefined> {
    const row = await this.dataSource.manager
      .createQueryBuilder(RootCertificateListRow, 'list')
      .select('list.der', 'der')
      .where('list.sha256 = :sha256', { sha256 })
      .limit(1)
      .getRawOne<{ der: Buffer }>();
    return row?.der;
  }

  #withStore<T>(work: () => Promise<T>): Promise<T> {
    return this.dataSource.transaction(async (manager) => {
      await lockRow(manager, storeLock);
      return work();
    });
  }
}

function isOlder(list: ReadCertificateList['list'], before: RootCertificateListRow): boolean {
  if (list.thisUpdate !== before.thisUpdate.getTime()) return list.thisUpdate < before.thisUpdate.getTime();
  return list.crlNumber !== undefined && before.crlNumber !== null && list.crlNumber < BigInt(before.crlNumber);
}

/** What a verifier takes to read and parse so much, generously. */
function timeToLoadMs(bytes: number): number {
  return Math.min(10_000, 500 + bytes / 20_000);
}
