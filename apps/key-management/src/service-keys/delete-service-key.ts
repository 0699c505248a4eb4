import { PublishedChanges, CLOCK } from '@sluice/service-shell';
import { endServiceKey } from './end-service-key.js';
import { findServiceKey } from './find-service-key.js';
import { Inject, Injectable } from '@nestjs/common';

@Injectable()
export class DeleteServiceKey {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(CLOCK) private readonly now: () => number,
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
