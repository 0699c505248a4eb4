import { stateKey } from '@sluice/contracts';
import { formatDistinguishedName, requirePrecondition, SluiceError, type Precondition } from '@sluice/domain';
import { parseCertificate } from '@sluice/pki';
import { nextRecordVersion } from '@sluice/persistence';
import { PublishedChanges } from '@sluice/service-shell';
import { CertificateAuthorityRow } from '../issuing-cas/certificate-authority.entity.js';
import { TrustedRootRow } from './trusted-root.entity.js';
import { toRootRecord } from './trusted-root.record.js';
import { trustedRootTag } from './trusted-root.tag.js';
import { Injectable } from '@nestjs/common';

/** Takes a root off the trust list: certificates below it are refused from the next request on. */
@Injectable()
export class RemoveTrustedRoot {
  constructor(private readonly changes: PublishedChanges) {}

  /** @throws SluiceError `not-found`; `protected` for the root of our own CA; `precondition-failed` */
  execute(request: { sha256: string; actor: string } & Precondition) {
    const sha256 = request.sha256.toLowerCase();
    return this.changes.commit(async (change) => {
      const row = await change.manager.findOne(TrustedRootRow, {
        where: { sha256 },
        lock: { mode: 'pessimistic_write' },
      });
      if (!row) {
        if (await change.manager.existsBy(CertificateAuthorityRow, { sha256, kind: 'root' })) {
          throw new SluiceError(
            'protected',
            'This is the root of the issuing CA: retire that CA instead of removing its root.',
          );
        }
        throw new SluiceError('not-found', `There is no trusted root ${sha256}.`);
      }
      requirePrecondition(request, trustedRootTag(row));
      const version = await nextRecordVersion(change.manager, stateKey.root(sha256));
      await change.manager.delete(TrustedRootRow, { sha256 });
      change.state({ ...toRootRecord(row, []), version, deleted: true });
      change.event('trusted-root.removed', sha256, {
        actor: request.actor,
        trustedRoot: { sha256, subject: formatDistinguishedName(parseCertificate(row.certificate).subject) },
      });
    });
  }
}
