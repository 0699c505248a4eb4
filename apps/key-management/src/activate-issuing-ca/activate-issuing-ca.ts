import type { PublishedChanges } from '@sluice/service-shell';
import { activate, requireStatus } from '../certificate-authority/change-authority.js';
import { lockAuthorities } from '../certificate-authority/make-authority.js';
import { findIssuingCa } from '../persistence/find-rows.js';

/** Lets a prepared CA issue in place of the active one. Keys of both are valid until the old one is retired. */
export class ActivateIssuingCa {
  constructor(private readonly changes: PublishedChanges) {}

  /** @throws SluiceError `not-found`, `issuing-ca-state` */
  execute(request: { id: string; actor: string }) {
    return this.changes.commit(async (change) => {
      await lockAuthorities(change.manager);
      const row = await findIssuingCa(change.manager, request.id);
      requireStatus(row, ['prepared'], 'only a prepared one can be activated.');
      return activate(change, row, request.actor);
    });
  }
}
