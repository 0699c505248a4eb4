import { stateKey } from '@sluice/contracts';
import { lockRow, nextRecordVersion } from '@sluice/persistence';
import type { ChangeScope } from '@sluice/service-shell';
import { generateKeyPair, hash, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { EntityManager } from 'typeorm';
import type { KeySealer } from '../issuing-cas/key-sealer.js';
import { TokenKeyRow } from './token-key.entity.js';
import { toTokenKeyRecord } from './token-key.record.js';
import { toEventTokenKey } from './token-key.view.js';

const generate = promisify(generateKeyPair);

export interface TokenKeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** What a token key's sealed private key is bound to. */
export const sealedTokenKeyOwner = (kid: string): string => `token-key:${kid}`;

/** One at a time changes what token keys there are. To be called first in such a transaction. */
export async function lockTokenKeys(manager: EntityManager): Promise<void> {
  await lockRow(manager, 'token-key');
}

/** A key pair of ES256 (RFC 7518 §3.4). Made before the transaction that enters it. */
export function makeTokenKeyPair(): Promise<TokenKeyPair> {
  return generate('ec', { namedCurve: 'P-256' });
}

/** RFC 7638 §3: the required members in the order of their names, without blanks. */
export function thumbprintOf(publicKey: KeyObject): string {
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
  return hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url');
}

/** Stores a key with its private key sealed, and publishes its record. */
export async function enterTokenKey(
  change: ChangeScope,
  sealer: KeySealer,
  made: { pair: TokenKeyPair; issuer: string; activatesAt: Date | undefined; actor: string },
  now: number,
): Promise<TokenKeyRow> {
  const { pair, issuer, activatesAt, actor } = made;
  const kid = thumbprintOf(pair.publicKey);
  // Nothing is sealed under a key that is about to be removed: the file may have another since it was looked at last.
  sealer.check();
  const row: TokenKeyRow = {
    kid,
    publicKey: pair.publicKey.export({ format: 'der', type: 'spki' }),
    sealedKey: sealer.seal(pair.privateKey.export({ format: 'der', type: 'pkcs8' }), sealedTokenKeyOwner(kid)),
    issuer,
    status: activatesAt ? 'prepared' : 'active',
    activatesAt: activatesAt ?? null,
    activatedAt: activatesAt ? null : new Date(now),
    endsAt: null,
    version: String(await nextRecordVersion(change.manager, stateKey.tokenKey(kid))),
    createdAt: new Date(now),
  };
  await change.manager.insert(TokenKeyRow, row);
  change.state(toTokenKeyRecord(row));
  if (activatesAt)
    change.event('token-key.prepared', kid, {
      actor,
      tokenKey: toEventTokenKey(row),
      activatesAt: activatesAt.toISOString(),
    });
  else change.event('token-key.activated', kid, { actor, tokenKey: toEventTokenKey(row) });
  return row;
}

type Outcome = Pick<TokenKeyRow, 'status'> &
  Partial<Pick<TokenKeyRow, 'activatesAt' | 'activatedAt' | 'endsAt' | 'issuer'>>;

/** Changes a key, here and in the state stream. */
export async function changeTokenKey(change: ChangeScope, row: TokenKeyRow, outcome: Outcome): Promise<TokenKeyRow> {
  const version = String(await nextRecordVersion(change.manager, stateKey.tokenKey(row.kid)));
  await change.manager.update(TokenKeyRow, { kid: row.kid }, { ...outcome, version });
  const updated = { ...row, ...outcome, version };
  change.state(toTokenKeyRecord(updated));
  return updated;
}

/** Ends a key: no token it signed is accepted from now on. */
export async function endTokenKey(change: ChangeScope, row: TokenKeyRow, actor: string): Promise<void> {
  await change.manager.delete(TokenKeyRow, { kid: row.kid });
  const version = await nextRecordVersion(change.manager, stateKey.tokenKey(row.kid));
  change.state({ ...toTokenKeyRecord(row), version, deleted: true });
  change.event('token-key.retired', row.kid, { actor, tokenKey: toEventTokenKey(row) });
}
