import type { EventData, TokenKeyView } from '@sluice/contracts';
import { createPublicKey } from 'node:crypto';
import type { TokenKeyRow } from './token-key.entity.js';

export function toTokenKeyView(row: TokenKeyRow): TokenKeyView {
  return {
    kid: row.kid,
    status: row.status,
    algorithm: 'ES256',
    issuer: row.issuer,
    publicKey: createPublicKey({ key: row.publicKey, format: 'der', type: 'spki' }).export({
      format: 'pem',
      type: 'spki',
    }) as string,
    createdAt: row.createdAt.toISOString(),
    ...(row.activatesAt ? { activatesAt: row.activatesAt.toISOString() } : {}),
    ...(row.activatedAt ? { activatedAt: row.activatedAt.toISOString() } : {}),
    ...(row.endsAt ? { endsAt: row.endsAt.toISOString() } : {}),
  };
}

export function toEventTokenKey({ kid }: TokenKeyRow): EventData<'token-key.activated'>['tokenKey'] {
  return { kid, algorithm: 'ES256' };
}
