import { requirePrecondition, type Precondition } from '@sluice/domain';
import { PublishedChanges, CLOCK } from '@sluice/service-shell';
import { endServiceKey } from './end-service-key.js';
import { findServiceKey, tagOfStored } from './find-service-key.js';
import { Inject, Injectable } from '@nestjs/common';

@Injectable()
export class DeleteServiceKey {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `not-found`, `precondition-failed` */
  execute(request: { id: string; actor: string } & Precondition) {
    return this.changes.commit(async (change) => {
      const key = await findServiceKey(change.manager, request.id, 'update');
      requirePrecondition(request, await tagOfStored(change.manager, key));
      await endServiceKey(change, key, request.actor, this.now());
    });
  }
}
