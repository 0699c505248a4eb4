import { SluiceError } from '@sluice/domain';
import { CLOCK, PublishedChanges } from '@sluice/service-shell';
import { Inject, Injectable } from '@nestjs/common';
import { createPublicKey } from 'node:crypto';
import { DataSource } from 'typeorm';
import { uuid } from '../persistence/row-lock-mode.js';
import { ServiceKeyRow } from '../service-keys/service-key.entity.js';
import { TokenKeyRow } from '../token-keys/token-key.entity.js';
import { readAccessToken } from './access-token.js';
import { findRevokedTokens, writeRevokedTokens } from './revoked-tokens.record.js';

/** Of one service key, at a time: they are one record in the state stream. Whoever needs more revokes the secret or the key. */
export const maximumRevoked = 256;

/** Ends a token before its time (RFC 7009). */
@Injectable()
export class RevokeToken {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: PublishedChanges,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /**
   * What is no token of this client, or has ended, is left as it is (RFC 7009 §2.2).
   * @throws SluiceError `overloaded` when the client has revoked too many that have not ended
   */
  async execute({ token, serviceKeyId }: { token: string; serviceKeyId: string }): Promise<void> {
    const read = readAccessToken(token);
    if (!read || read.content.sub !== serviceKeyId || !uuid.test(serviceKeyId)) return;
    const expiresAt = new Date(read.content.exp * 1_000);
    if (expiresAt.getTime() <= this.now()) return;
    const key = await this.dataSource.manager.findOneBy(TokenKeyRow, { kid: read.kid });
    if (!key || key.issuer !== read.content.iss) return;
    if (!read.isSignedBy(createPublicKey({ key: key.publicKey, format: 'der', type: 'spki' }))) return;
    await this.changes.commit(async (change) => {
      // One at a time of a key: the count holds, and a key that is being deleted takes its tokens along.
      const holder = await change.manager.findOne(ServiceKeyRow, {
        where: { id: serviceKeyId },
        lock: { mode: 'pessimistic_write' },
      });
      const { jti: id } = read.content;
      if (!holder) return;
      const revoked = (await findRevokedTokens(change.manager, serviceKeyId)) ?? [];
      if (revoked.some((token) => token.id === id)) return;
      const now = this.now();
      if (revoked.filter(({ expiresAtMs }) => expiresAtMs > now).length >= maximumRevoked)
        throw new SluiceError(
          'overloaded',
          `The client has ${maximumRevoked} revoked tokens that have not ended, which is the most: wait until some have, or have its secret or its key revoked.`,
        );
      await writeRevokedTokens(change, serviceKeyId, [...revoked, { id, expiresAtMs: expiresAt.getTime() }]);
    });
  }
}
