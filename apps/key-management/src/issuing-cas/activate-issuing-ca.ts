import { requirePrecondition, type Precondition } from '@sluice/domain';
import { PublishedChanges } from '@sluice/service-shell';
import { activate, requireStatus } from './change-authority.js';
import { lockAuthorities } from './make-authority.js';
import { issuingCaTag } from './issuing-ca.tag.js';
import { findIssuingCa } from './find-authority.js';
import { Injectable } from '@nestjs/common';

/** Lets a prepared CA issue in place of the active one. Keys of both are valid until the old one is retired. */
@Injectable()
export class ActivateIssuingCa {
  constructor(private readonly changes: PublishedChanges) {}

  /** @throws SluiceError `not-found`, `precondition-failed`, `issuing-ca-state` */
  execute(request: { id: string; actor: string } & Precondition) {
    return this.changes.commit(async (change) => {
      await lockAuthorities(change.manager);
      const row = await findIssuingCa(change.manager, request.id);
      requireStatus(row, ['prepared'], 'only a prepared one can be activated.');
      requirePrecondition(request, issuingCaTag(row));
      return activate(change, row, request.actor);
    });
  }
}
