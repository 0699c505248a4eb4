import { stateKey } from '@sluice/contracts';
import { formatDistinguishedName, requirePrecondition, SluiceError, type Precondition } from '@sluice/domain';
import { parseCertificate } from '@sluice/pki';
import { nextRecordVersion } from '@sluice/persistence';
import type { ChangeScope } from '@sluice/service-shell';
import { FourEyes, type Eyes } from '../proposals/four-eyes.js';
import { CertificateAuthorityRow } from '../issuing-cas/certificate-authority.entity.js';
import { TrustedRootRow } from './trusted-root.entity.js';
import { toRootRecord } from './trusted-root.record.js';
import { trustedRootTag } from './trusted-root.tag.js';
import { Injectable } from '@nestjs/common';

interface Removal extends Precondition {
  readonly sha256: string;
  readonly actor: string;
}

/** Takes a root off the trust list: certificates below it are refused from the next request on. */
@Injectable()
export class RemoveTrustedRoot {
  constructor(private readonly fourEyes: FourEyes) {}

  /** @throws SluiceError `not-found`; `protected` for the root of our own CA; `precondition-failed`, `approval-required` */
  execute(request: Removal) {
    return this.fourEyes.commit((change, eyes) => this.within(change, request, eyes));
  }

  /** The same in a change that is under way. Of which roots certificates live nobody knows: they come with the calls. */
  async within(change: ChangeScope, request: Removal, eyes: Eyes): Promise<void> {
    const sha256 = request.sha256.toLowerCase();
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
    const subject = formatDistinguishedName(parseCertificate(row.certificate).subject);
    eyes.require({
      operation: 'removeTrustedRoot',
      subject: sha256,
      name: subject,
      tag: trustedRootTag(row),
      parameters: {},
    });
    const version = await nextRecordVersion(change.manager, stateKey.root(sha256));
    await change.manager.delete(TrustedRootRow, { sha256 });
    change.state({ ...toRootRecord(row, []), version, deleted: true });
    change.event('trusted-root.removed', sha256, {
      actor: request.actor,
      trustedRoot: { sha256, subject },
    });
  }
}
