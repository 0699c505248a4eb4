import type { ReceiverCredentialView } from '@sluice/contracts';
import type { ReceiverCredentialRow } from './receiver-credential.entity.js';

/** What is sealed of each type of credential. */
export type ReceiverSecret =
  | { readonly type: 'UserCredentials'; readonly user: string; readonly password: string }
  | {
      readonly type: 'OAuth2ClientCredentials';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope: string;
      readonly clientAuthentication: 'header' | 'body';
    }
  | {
      readonly type: 'KeyPair';
      /** PEM, the client certificate first. */
      readonly certificateChain: string;
      /** PEM, PKCS #8. */
      readonly key: string;
    };
export type ReceiverCredentialType = ReceiverSecret['type'];

/** A credential as a receiver adapter uses it. The version tells it from what the alias named before. */
export interface ReceiverCredential {
  readonly alias: string;
  readonly version: number;
  readonly secret: ReceiverSecret;
}

/** What a sealed secret belongs to: it cannot be opened under another alias. */
export function ownerOf(alias: string): string {
  return `receiver-credential:${alias}`;
}

export function toReceiverCredentialView(row: ReceiverCredentialRow): ReceiverCredentialView {
  return {
    alias: row.alias,
    type: row.type,
    ...row.shown,
    version: Number(row.version),
    changedAt: row.changedAt.toISOString(),
  };
}
