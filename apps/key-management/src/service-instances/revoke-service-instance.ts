import { requirePrecondition, type Precondition, type RevocationReason } from '@sluice/domain';
import { PublishedChanges, CLOCK } from '@sluice/service-shell';
import { revokeKey, type RevokedKey } from '../service-keys/revoke-key.js';
import { ServiceKeyRow } from '../service-keys/service-key.entity.js';
import { findServiceInstance } from './find-service-instance.js';
import { serviceInstanceTag } from './service-instance.tag.js';
import { Inject, Injectable } from '@nestjs/common';

/** Revokes all keys of an instance, or none. The instance stays, and may get new ones. */
@Injectable()
export class RevokeServiceInstance {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @returns the keys that ended by it. @throws SluiceError `not-found`, `precondition-failed`, `invalid-argument` */
  async execute(request: { id: string; reason: RevocationReason; actor: string } & Precondition) {
    return this.changes.commit(async (change): Promise<RevokedKey[]> => {
      // Held against who is about to add a key, which would otherwise be missed.
      const instance = await findServiceInstance(change.manager, request.id, 'update');
      requirePrecondition(request, serviceInstanceTag(instance));
      const keys = await change.manager.find(ServiceKeyRow, {
        where: { serviceInstanceId: instance.id, status: 'active' },
        order: { id: 'ASC' },
        lock: { mode: 'pessimistic_write' },
      });
      const ended: RevokedKey[] = [];
      for (const key of keys) ended.push(await revokeKey(change, key, request.reason, request.actor, this.now()));
      return ended;
    });
  }
}
