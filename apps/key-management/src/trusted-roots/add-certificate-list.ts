import { SluiceError } from '@sluice/domain';
import { PublishedChanges, CLOCK } from '@sluice/service-shell';
import { DataSource } from 'typeorm';
import { CertificateLists } from './certificate-lists.js';
import { listJudgement, readCertificateList } from './read-certificate-list.js';
import { findTrustedRoot } from './find-trusted-root.js';
import type { TrustedRootRow } from './trusted-root.entity.js';
import { Inject, Injectable } from '@nestjs/common';

/** Brings an uploaded CRL into force for certificates below a root, in place of the one before of the same issuer and scope. */
@Injectable()
export class AddCertificateList {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: PublishedChanges,
    private readonly lists: CertificateLists,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `not-found`, `protected`, `certificate-list-refused` */
  async execute(request: { sha256: string; content: Uint8Array; actor: string }) {
    const root = await findTrustedRoot(this.dataSource.manager, request.sha256);
    const policy = policyOf(root);
    const read = await readCertificateList(request.content, listJudgement(root, policy, this.now()));
    await this.lists.announce([read]);
    return this.changes.commit(async (change) => {
      const row = await findTrustedRoot(change.manager, request.sha256, 'update');
      policyOf(row);
      const entered = await this.lists.enter(change.manager, row, read, null);
      return { root: entered ? await this.lists.publish(change, row, request.actor) : row, list: read.list };
    });
  }
}

function policyOf(root: TrustedRootRow) {
  if (root.revocation) return root.revocation;
  throw new SluiceError(
    'certificate-list-refused',
    'Revocation is not checked below this root: set its policy first (PUT /v1/trusted-roots/{sha256}/revocation).',
  );
}
