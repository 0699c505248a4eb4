import { requirePrecondition, SluiceError, type Precondition, type RevocationReason } from '@sluice/domain';
import { PublishedChanges, CLOCK } from '@sluice/service-shell';
import { revokeKey } from './revoke-key.js';
import { findServiceKey, tagOfStored } from './find-service-key.js';
import { Inject, Injectable } from '@nestjs/common';

/** Ends every certificate and secret of a key for good. The key stays to be seen; a revoked key cannot be brought back. */
@Injectable()
export class RevokeServiceKey {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `not-found`, `precondition-failed`, `invalid-argument`, `service-key-state` when it is revoked already */
  async execute(request: { id: string; reason: RevocationReason; actor: string } & Precondition) {
    return this.changes.commit(async (change) => {
      const key = await findServiceKey(change.manager, request.id, 'update');
      if (key.status === 'revoked')
        throw new SluiceError('service-key-state', `The service key ${key.name} is revoked already.`);
      requirePrecondition(request, await tagOfStored(change.manager, key));
      return revokeKey(change, key, request.reason, request.actor, this.now());
    });
  }
}
