import { requirePrecondition, SluiceError, type Precondition } from '@sluice/domain';
import { CLOCK, contentTag, type ChangeScope } from '@sluice/service-shell';
import { FourEyes, type Eyes } from '../proposals/four-eyes.js';
import type { CertificateAuthorityRow } from './certificate-authority.entity.js';
import { requireStatus, retireRootWithoutCas, setStatus } from './change-authority.js';
import { countUsable } from './find-authorities.js';
import { lockAuthorities } from './make-authority.js';
import { endCertificatesBelow } from './end-certificates-below.js';
import { toEventIssuingCa } from './issuing-ca.view.js';
import { issuingCaTag } from './issuing-ca.tag.js';
import { findIssuingCa } from './find-authority.js';
import { Inject, Injectable } from '@nestjs/common';

interface Retirement extends Precondition {
  readonly id: string;
  readonly force: boolean;
  readonly actor: string;
}

/** Takes a replaced CA, or one that was prepared and never activated, out of use: nothing below it is trusted any more. */
@Injectable()
export class RetireIssuingCa {
  constructor(
    private readonly fourEyes: FourEyes,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `not-found`, `precondition-failed`, `approval-required`, `issuing-ca-state`; also when keys still live by it, unless forced */
  execute(request: Retirement) {
    return this.fourEyes.commit((change, eyes) => this.within(change, request, eyes));
  }

  /** The same in a change that is under way. */
  async within(change: ChangeScope, request: Retirement, eyes: Eyes): Promise<CertificateAuthorityRow> {
    await lockAuthorities(change.manager);
    const row = await findIssuingCa(change.manager, request.id);
    requireStatus(row, ['prepared', 'retiring'], 'activate another one first; what is retired or revoked stays so.');
    requirePrecondition(request, issuingCaTag(row));
    const now = this.now();
    const usable = await countUsable(change.manager, row.id, now);
    if (usable > 0 && !request.force) {
      throw new SluiceError(
        'issuing-ca-state',
        `${usable} usable certificate${usable === 1 ? ' was' : 's were'} issued by it: rotate their keys first, or retire it by force, which revokes them.`,
        { usableCertificates: usable },
      );
    }
    if (usable > 0)
      eyes.require({
        operation: 'retireIssuingCa',
        subject: row.id,
        name: toEventIssuingCa(row).subject,
        tag: contentTag([issuingCaTag(row), usable]),
        parameters: { force: true },
      });
    const retired = await setStatus(change, row, { status: 'retired' });
    if (usable > 0) await endCertificatesBelow(change, row.id, 'superseded', request.actor, now);
    await retireRootWithoutCas(change, row.parentId as string);
    change.event('issuing-ca.retired', row.id, { actor: request.actor, issuingCa: toEventIssuingCa(row) });
    return retired;
  }
}
