import { requirePrecondition, SluiceError, type Precondition, type RevocationReason } from '@sluice/domain';
import { PublishedChanges, CLOCK } from '@sluice/service-shell';
import { writeCertificates } from './write-certificates.js';
import { enterRevokedCertificates } from '../issuing-cas/enter-revoked-certificates.js';
import { revoked, type RevokedKey } from './revoke-key.js';
import { toEventCertificate, toEventServiceKey } from './service-key.view.js';
import { findCredentials, findServiceKey } from './find-service-key.js';
import { serviceKeyTag } from './service-key.tag.js';
import { Inject, Injectable } from '@nestjs/common';

/**
 * Ends one certificate of a key for good. The key lives on with its others, and may be rotated when it has none left; the
 * scheduled end of the last other one is put off.
 */
@Injectable()
export class RevokeCertificate {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `not-found`, `precondition-failed`, `invalid-argument`, `service-key-state` when it is revoked already or is not what is compared */
  async execute(request: { id: string; sha256: string; reason: RevocationReason; actor: string } & Precondition) {
    const sha256 = request.sha256.toLowerCase();
    return this.changes.commit(async (change): Promise<RevokedKey> => {
      const key = await findServiceKey(change.manager, request.id, 'update');
      const before = await findCredentials(change.manager, key.id);
      const row = before.find((held) => held.sha256 === sha256);
      if (!row) throw new SluiceError('not-found', `The service key ${key.name} holds no certificate ${sha256}.`);
      if (row.status === 'revoked') throw new SluiceError('service-key-state', 'This certificate is revoked already.');
      if (!row.pinned) {
        throw new SluiceError(
          'service-key-state',
          `The service key ${key.name} is not pinned: its names grant access, not this certificate. Revoke the key.`,
        );
      }
      requirePrecondition(request, serviceKeyTag(key, before, []));
      const now = this.now();
      const revokedAt = new Date(now);
      const held = await writeCertificates(
        change,
        {
          key,
          rows: before.map((other) => (other === row ? revoked(row, request.reason, revokedAt) : other)),
          changed: new Set([sha256]),
        },
        request.actor,
        now,
      );
      await enterRevokedCertificates(change.manager, [row], request.reason, revokedAt);
      change.event('service-key.revoked', key.id, {
        actor: request.actor,
        serviceKey: toEventServiceKey(key),
        reason: request.reason,
        certificates: [toEventCertificate(row)],
        keyRevoked: false,
      });
      return { key, held, secrets: [] };
    });
  }
}
