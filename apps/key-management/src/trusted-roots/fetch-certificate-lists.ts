import { SluiceError } from '@sluice/domain';
import { PublishedChanges, CLOCK, ON_FAULT } from '@sluice/service-shell';
import { DataSource } from 'typeorm';
import { CertificateLists } from './certificate-lists.js';
import { DOWNLOAD_CERTIFICATE_LIST, type DownloadCertificateList } from './download-certificate-list.js';
import { listJudgement, readCertificateList } from './read-certificate-list.js';
import { findTrustedRoot } from './find-trusted-root.js';
import { nextFetchAt, retryFetchAt } from './next-fetch.js';
import { RootCertificateListRow, RootCertificateListSourceRow } from './certificate-list.entity.js';
import { Inject, Injectable } from '@nestjs/common';
/** Who changes what no administrator asked for. */
const actor = 'key-management';
/** A source that is being fetched is nobody else's for so long. */
const claimMs = 120_000;

/**
 * Fetches CRLs when they are due: of all key-management processes one takes each source. What cannot be fetched or is not in
 * order leaves the one before in force until its end, and the reason at the root.
 */
@Injectable()
export class FetchCertificateLists {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: PublishedChanges,
    private readonly lists: CertificateLists,
    @Inject(DOWNLOAD_CERTIFICATE_LIST) private readonly download: DownloadCertificateList,
    @Inject(CLOCK) private readonly now: () => number,
    @Inject(ON_FAULT) private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  /** Fetches what is due. @returns how many sources were tried */
  async run(): Promise<number> {
    for (let count = 0; ; count++) {
      const source = await this.#claim();
      if (!source) return count;
      await this.#refresh(source);
    }
  }

  async #claim(): Promise<RootCertificateListSourceRow | undefined> {
    const at = this.now();
    return this.dataSource.transaction(async (manager) => {
      const source = await manager
        .createQueryBuilder(RootCertificateListSourceRow, 'source')
        .where('source.next_fetch_at <= :at', { at: new Date(at) })
        .orderBy('source.next_fetch_at')
        .limit(1)
        .setLock('pessimistic_write')
        .setOnLocked('skip_locked')
        .getOne();
      if (!source) return undefined;
      await manager.update(
        RootCertificateListSourceRow,
        { rootSha256: source.rootSha256, url: source.url },
        { nextFetchAt: new Date(at + claimMs) },
      );
      return source;
    });
  }

  async #refresh(source: RootCertificateListSourceRow): Promise<void> {
    const { rootSha256, url } = source;
    const root = await findTrustedRoot(this.dataSource.manager, rootSha256);
    const policy = root.revocation;
    const intervalMs = (policy?.crls.find((each) => each.url === url)?.refreshSeconds ?? 0) * 1_000;
    // Taken out of the policy since it was claimed; its row is going, too.
    if (!policy || intervalMs === 0) return;
    try {
      const downloaded = await this.download(url, source.etag ?? undefined);
      const inForce = await this.dataSource.manager.findOneBy(RootCertificateListRow, { rootSha256, source: url });
      let nextUpdate = inForce?.nextUpdate?.getTime();
      if (downloaded.content !== undefined) {
        const read = await readCertificateList(downloaded.content, listJudgement(root, policy, this.now()));
        nextUpdate = read.list.nextUpdate;
        if (read.list.sha256 !== inForce?.sha256) await this.#bringIntoForce(source, read);
      }
      await this.#note(source, {
        lastFetchedAt: new Date(this.now()),
        lastError: null,
        failures: 0,
        etag: downloaded.etag ?? null,
        nextFetchAt: nextFetchAt(this.now(), intervalMs, nextUpdate, Math.random()),
      });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      this.onFault(error, `fetching the CRL of ${url}`);
      await this.#note(source, {
        lastError: error.message,
        failures: source.failures + 1,
        nextFetchAt: retryFetchAt(this.now(), intervalMs, source.failures + 1, Math.random()),
      });
    }
  }

  async #bringIntoForce(
    source: RootCertificateListSourceRow,
    read: Awaited<ReturnType<typeof readCertificateList>>,
  ): Promise<void> {
    await this.lists.announce([read]);
    await this.changes.commit(async (change) => {
      const root = await findTrustedRoot(change.manager, source.rootSha256, 'update');
      if (!root.revocation?.crls.some(({ url }) => url === source.url)) return;
      if (await this.lists.enter(change.manager, root, read, source.url)) await this.lists.publish(change, root, actor);
    });
  }

  async #note(source: RootCertificateListSourceRow, outcome: Partial<RootCertificateListSourceRow>): Promise<void> {
    await this.dataSource.manager.update(
      RootCertificateListSourceRow,
      { rootSha256: source.rootSha256, url: source.url },
      outcome,
    );
  }
}
