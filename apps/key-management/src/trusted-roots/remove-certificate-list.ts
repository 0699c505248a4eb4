import { SluiceError } from '@sluice/domain';
import { PublishedChanges } from '@sluice/service-shell';
import { CertificateLists } from './certificate-lists.js';
import { findTrustedRoot } from './find-trusted-root.js';
import { RootCertificateListRow } from './certificate-list.entity.js';
import { Injectable } from '@nestjs/common';

/** Takes an uploaded CRL away. */
@Injectable()
export class RemoveCertificateList {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly lists: CertificateLists,
  ) {}

  /** @throws SluiceError `not-found`; `protected` for a CRL that is fetched, or below the root of our own CA */
  execute(request: { sha256: string; list: string; actor: string }) {
    return this.changes.commit(async (change) => {
      const root = await findTrustedRoot(change.manager, request.sha256, 'update');
      const key = { rootSha256: root.sha256, sha256: request.list.toLowerCase() };
      const row = await change.manager.findOneBy(RootCertificateListRow, key);
      if (!row) throw new SluiceError('not-found', `The root ${root.sha256} has no CRL ${request.list}.`);
      if (row.source !== null)
        throw new SluiceError(
          'protected',
          `This CRL is fetched from ${row.source}: take that URL out of the policy instead.`,
        );
      await change.manager.delete(RootCertificateListRow, key);
      return this.lists.publish(change, root, request.actor);
    });
  }
}
