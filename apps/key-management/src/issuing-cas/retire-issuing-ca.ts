import { requirePrecondition, SluiceError, type Precondition } from '@sluice/domain';
import { PublishedChanges, CLOCK } from '@sluice/service-shell';
import { requireStatus, retireRootWithoutCas, setStatus } from './change-authority.js';
import { countUsable } from './find-authorities.js';
import { lockAuthorities } from './make-authority.js';
import { endCertificatesBelow } from './end-certificates-below.js';
import { toEventIssuingCa } from './issuing-ca.view.js';
import { issuingCaTag } from './issuing-ca.tag.js';
import { findIssuingCa } from './find-authority.js';
import { Inject, Injectable } from '@nestjs/common';

/** Takes a replaced CA, or one that was prepared and never activated, out of use: nothing below it is trusted any more. */
@Injectable()
export class RetireIssuingCa {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `not-found`, `precondition-failed`, `issuing-ca-state`; also when keys still live by it, unless forced */
  execute(request: { id: string; force: boolean; actor: string } & Precondition) {
    return this.changes.commit(async (change) => {
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
      const retired = await setStatus(change, row, { status: 'retired' });
      if (usable > 0) await endCertificatesBelow(change, row.id, 'superseded', request.actor, now);
      await retireRootWithoutCas(change, row.parentId as string);
      change.event('issuing-ca.retired', row.id, { actor: request.actor, issuingCa: toEventIssuingCa(row) });
      return retired;
    });
  }
}
