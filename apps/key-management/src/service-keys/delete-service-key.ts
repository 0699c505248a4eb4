import { requirePrecondition, type Precondition } from '@sluice/domain';
import { PublishedChanges, CLOCK } from '@sluice/service-shell';
import { endServiceKey } from './end-service-key.js';
import { findCredentials, findServiceKey } from './find-service-key.js';
import { serviceKeyTag } from './service-key.tag.js';
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
      requirePrecondition(request, serviceKeyTag(key, await findCredentials(change.manager, key.id)));
      await endServiceKey(change, key, request.actor, this.now());
    });
  }
}
