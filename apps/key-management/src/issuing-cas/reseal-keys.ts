import { PublishedChanges } from '@sluice/service-shell';
import { KeySealer, sealedKeyOwner } from './key-sealer.js';
import { lockAuthorities } from './make-authority.js';
import { lockTokenKeys, sealedTokenKeyOwner } from '../token-keys/make-token-key.js';
import { TokenKeyRow } from '../token-keys/token-key.entity.js';
import { CertificateAuthorityRow } from './certificate-authority.entity.js';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

export interface Resealing {
  /** Id of the newest master key. */
  readonly masterKey: string;
  readonly resealed: number;
  /** Rows that are sealed under another one afterwards. */
  readonly remaining: number;
}

/** Seals the private keys of CAs and of tokens under the newest master key of the file: in one transaction, and only those that are not yet. */
@Injectable()
export class ResealKeys {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly sealer: KeySealer,
  ) {}

  /** @throws Error when one is sealed under a key that is not in the file; then none is changed */
  async execute(): Promise<Resealing> {
    this.sealer.check();
    const masterKey = this.sealer.keyIds[0] as string;
    const { value } = await this.changes.commit(async ({ manager }) => {
      await lockAuthorities(manager);
      const rows = await manager.find(CertificateAuthorityRow, { lock: { mode: 'pessimistic_write' } });
      const older = rows.filter(({ sealedKey }) => KeySealer.keyIdOf(sealedKey) !== masterKey);
      let remaining = 0;
      for (const { id, sealedKey } of older) {
        const owner = sealedKeyOwner(id);
        const resealed = this.sealer.seal(this.sealer.open(sealedKey, owner), owner);
        await manager.update(CertificateAuthorityRow, { id }, { sealedKey: resealed });
        // The file was changed once more in between.
        if (KeySealer.keyIdOf(resealed) !== masterKey) remaining++;
      }
      const tokenKeys = await this.#resealTokenKeys(manager, masterKey);
      return { resealed: older.length + tokenKeys.resealed, remaining: remaining + tokenKeys.remaining };
    });
    return { masterKey, ...value };
  }

  async #resealTokenKeys(manager: EntityManager, masterKey: string): Promise<Omit<Resealing, 'masterKey'>> {
    await lockTokenKeys(manager);
    const rows = await manager.find(TokenKeyRow, { lock: { mode: 'pessimistic_write' } });
    const older = rows.filter(({ sealedKey }) => KeySealer.keyIdOf(sealedKey) !== masterKey);
    let remaining = 0;
    for (const { kid, sealedKey } of older) {
      const owner = sealedTokenKeyOwner(kid);
      const resealed = this.sealer.seal(this.sealer.open(sealedKey, owner), owner);
      await manager.update(TokenKeyRow, { kid }, { sealedKey: resealed });
      if (KeySealer.keyIdOf(resealed) !== masterKey) remaining++;
    }
    return { resealed: older.length, remaining };
  }
}
