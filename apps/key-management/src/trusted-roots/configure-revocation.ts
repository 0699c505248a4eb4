import type { GivenRevocationPolicy } from '@sluice/contracts';
import {
  invalidArgument,
  requirePrecondition,
  SluiceError,
  type Precondition,
  type RevocationPolicy,
} from '@sluice/domain';
import { decodePem, parseCertificate } from '@sluice/pki';
import { PublishedChanges, CLOCK } from '@sluice/service-shell';
import { DataSource, type EntityManager } from 'typeorm';
import { CertificateLists } from './certificate-lists.js';
import { DOWNLOAD_CERTIFICATE_LIST, type DownloadCertificateList } from './download-certificate-list.js';
import { listJudgement, readCertificateList, type ReadCertificateList } from './read-certificate-list.js';
import { nextFetchAt } from './next-fetch.js';
import { findTrustedRoot } from './find-trusted-root.js';
import { RootCertificateListRow, RootCertificateListSourceRow } from './certificate-list.entity.js';
import type { TrustedRootRow } from './trusted-root.entity.js';
import { trustedRootTag } from './trusted-root.tag.js';
import { Inject, Injectable } from '@nestjs/common';

interface FetchedList {
  readonly read: ReadCertificateList;
  readonly source: RootCertificateListSourceRow;
}

/**
 * Sets how certificates below a trusted root are checked for revocation. Every CRL is fetched and found in order first, so
 * that nobody is refused in the time until the first fetch, and a policy with a wrong URL is not taken at all.
 */
@Injectable()
export class ConfigureRevocation {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: PublishedChanges,
    private readonly lists: CertificateLists,
    @Inject(DOWNLOAD_CERTIFICATE_LIST) private readonly download: DownloadCertificateList,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `not-found`, `protected`, `invalid-argument`, `certificate-list-refused`, `precondition-failed` */
  async execute(request: { sha256: string; policy?: GivenRevocationPolicy | undefined; actor: string } & Precondition) {
    const policy = request.policy === undefined ? null : readPolicy(request.policy);
    const known = await findTrustedRoot(this.dataSource.manager, request.sha256);
    const fetched = policy ? await this.#fetchAll(known, policy) : [];
    await this.lists.announce(fetched.map(({ read }) => read));
    return this.changes.commit(async (change) => {
      const root = await findTrustedRoot(change.manager, request.sha256, 'update');
      requirePrecondition(request, trustedRootTag(root));
      await this.#forget(change.manager, root, policy);
      for (const { read, source } of fetched) {
        await this.lists.enter(change.manager, root, read, source.url);
        await change.manager.save(RootCertificateListSourceRow, source);
      }
      return this.lists.publish(change, { ...root, revocation: policy }, request.actor);
    });
  }

  #fetchAll(root: TrustedRootRow, policy: RevocationPolicy): Promise<FetchedList[]> {
    return Promise.all(
      policy.crls.map(async ({ url, refreshSeconds }) => {
        const { content, etag } = await this.download(url);
        if (content === undefined) throw new SluiceError('certificate-list-refused', `${url} gave no CRL.`, { url });
        const at = this.now();
        const read = await readCertificateList(content, listJudgement(root, policy, at));
        const source: RootCertificateListSourceRow = {
          rootSha256: root.sha256,
          url,
          nextFetchAt: nextFetchAt(at, refreshSeconds * 1_000, read.list.nextUpdate, Math.random()),
          lastFetchedAt: new Date(at),
          lastError: null,
          failures: 0,
          etag: etag ?? null,
        };
        return { read, source };
      }),
    );
  }

  /** Takes away what the new policy does not name; uploaded CRLs stay while there is a policy. */
  async #forget(manager: EntityManager, root: TrustedRootRow, policy: RevocationPolicy | null): Promise<void> {
    const rootSha256 = root.sha256;
    if (!policy) await manager.delete(RootCertificateListRow, { rootSha256 });
    const kept = new Set(policy?.crls.map(({ url }) => url));
    const sources = await manager.findBy(RootCertificateListSourceRow, { rootSha256 });
    for (const { url } of sources.filter((source) => !kept.has(source.url))) {
      await manager.delete(RootCertificateListSourceRow, { rootSha256, url });
      await manager.delete(RootCertificateListRow, { rootSha256, source: url });
    }
  }
}

/** @throws SluiceError `invalid-argument` naming a certificate that cannot be read */
function readPolicy(given: GivenRevocationPolicy): RevocationPolicy {
  for (const [index, pem] of given.issuerCertificates.entries()) {
    const field = `issuerCertificates[${index}]`;
    try {
      const [der, ...more] = decodePem(pem);
      if (!der || more.length > 0) throw new Error('must hold exactly one certificate in PEM');
      parseCertificate(der);
    } catch (error) {
      throw invalidArgument([
        { field, message: error instanceof Error ? error.message : 'is not a certificate in PEM' },
      ]);
    }
  }
  return given as RevocationPolicy;
}
