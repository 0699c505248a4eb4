import type { PublishedChanges } from '@sluice/service-shell';
import { findServiceKey } from '../persistence/find-rows.js';
import { endServiceKey } from './end-service-key.js';

export class DeleteServiceKey {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly now: () => number,
  ) {}

  /** @throws SluiceError `not-found` */
  execute(request: { id: string; actor: string }) {
    return this.changes.commit(async (change) => {
      await endServiceKey(
        change,
        await findServiceKey(change.manager, request.id, 'update'),
        request.actor,
        this.now(),
      );
    });
  }
}
