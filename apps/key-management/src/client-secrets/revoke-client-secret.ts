import { requirePrecondition, SluiceError, type Precondition, type RevocationReason } from '@sluice/domain';
import { CLOCK, PublishedChanges } from '@sluice/service-shell';
import { Inject, Injectable } from '@nestjs/common';
import { findServiceKey } from '../service-keys/find-service-key.js';
import type { RevokedKey } from '../service-keys/revoke-key.js';
import { serviceKeyTag } from '../service-keys/service-key.tag.js';
import { toEventServiceKey } from '../service-keys/service-key.view.js';
import { toEventSecret } from './client-secret.view.js';
import { findClientSecrets } from './find-client-secrets.js';
import { revokedSecret, writeClientSecrets } from './write-client-secrets.js';

/**
 * Ends one secret of a key for good, and every token that rests on it. The key lives on with its others, and may be rotated when it has
 * none left; the scheduled end of the last other one is put off.
 */
@Injectable()
export class RevokeClientSecret {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `not-found`, `precondition-failed`, `service-key-state` when it is revoked already */
  async execute(request: { id: string; secretId: string; reason: RevocationReason; actor: string } & Precondition) {
    const secretId = request.secretId.toLowerCase();
    return this.changes.commit(async (change): Promise<RevokedKey> => {
      const key = await findServiceKey(change.manager, request.id, 'update');
      const before = await findClientSecrets(change.manager, key.id);
      const row = before.find(({ id }) => id === secretId);
      if (!row) throw new SluiceError('not-found', `The service key ${key.name} holds no secret ${secretId}.`);
      if (row.status === 'revoked') throw new SluiceError('service-key-state', 'This secret is revoked already.');
      requirePrecondition(request, serviceKeyTag(key, [], before));
      const now = this.now();
      const secrets = await writeClientSecrets(
        change,
        {
          key,
          rows: before.map((other) => (other === row ? revokedSecret(row, request.reason, new Date(now)) : other)),
          changed: new Set([secretId]),
        },
        request.actor,
        now,
      );
      change.event('service-key.revoked', key.id, {
        actor: request.actor,
        serviceKey: toEventServiceKey(key),
        reason: request.reason,
        certificates: [],
        secrets: [toEventSecret(row)],
        keyRevoked: false,
      });
      return { key, held: [], secrets };
    });
  }
}
