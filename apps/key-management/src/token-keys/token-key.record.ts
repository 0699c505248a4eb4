import { stateKey, type TokenKeyRecord } from '@sluice/contracts';
import type { TokenKeyRow } from './token-key.entity.js';

export function toTokenKeyRecord(row: TokenKeyRow): TokenKeyRecord {
  return {
    key: stateKey.tokenKey(row.kid),
    version: Number(row.version),
    deleted: false,
    kid: row.kid,
    publicKey: row.publicKey.toString('base64'),
    issuer: row.issuer,
    status: row.status,
    ...(row.endsAt ? { endsAtMs: row.endsAt.getTime() } : {}),
  };
}
