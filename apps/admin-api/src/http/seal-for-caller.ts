import { SluiceError } from '@sluice/domain';
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const nonceLength = 12;
const tagLength = 16;

/** The request that a secret was made for: whose token it came with, and its `Idempotency-Key`. */
export interface SealedFor {
  /** The token, or what the cookie of the session holds. */
  readonly callerSecret: string;
  readonly idempotencyKey: string;
  /** Id of the operation. */
  readonly operation: string;
}

/**
 * Seals what is shown once under the token of who asks (AES-256-GCM), so that the service that keeps it for a repeated call cannot
 * open it, and nobody else who asks with the same key. Layout: nonce (12), tag (16), ciphertext; base64.
 */
export function sealForCaller(secret: string, { callerSecret, ...call }: SealedFor): string {
  const nonce = randomBytes(nonceLength);
  const cipher = createCipheriv('aes-256-gcm', keyOf(callerSecret), nonce).setAAD(belonging(call));
  const ciphertext = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]).toString('base64');
}

/** @throws SluiceError `idempotency-key-reused` when it was sealed for another token */
export function openForCaller(sealed: string, { callerSecret, ...call }: SealedFor): string {
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', keyOf(callerSecret), bytes.subarray(0, nonceLength), {
    authTagLength: tagLength,
  })
    .setAAD(belonging(call))
    .setAuthTag(bytes.subarray(nonceLength, nonceLength + tagLength));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonceLength + tagLength)), decipher.final()]).toString('utf8');
  } catch (error) {
    throw new SluiceError(
      'idempotency-key-reused',
      'This Idempotency-Key was sent with another token of the same name, and what is shown once was for that one alone.',
      undefined,
      { cause: error },
    );
  }
}

/** Of the token, and not to be had from its hash, by which authorization knows it. */
function keyOf(callerSecret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', callerSecret, '', 'sluice: what is shown once, for a repeated call', 32));
}

function belonging({ operation, idempotencyKey }: Omit<SealedFor, 'callerSecret'>): Buffer {
  return Buffer.from(JSON.stringify([operation, idempotencyKey]));
}
