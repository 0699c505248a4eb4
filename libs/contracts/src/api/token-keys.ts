import { z } from 'zod';
import { defineOperation } from '../operation/operation.js';
import { yesOrNo } from '../operation/violations.js';
import { byActor, changed, timestamp } from '../request/shapes.js';

/** A key with which access tokens are signed, without its private key. */
export const tokenKey = z
  .object({
    kid: z.string().meta({ description: 'Thumbprint of the public key (RFC 7638); tokens name it in their header.' }),
    status: z.enum(['prepared', 'active', 'retiring']).meta({
      description: '`prepared` is published and signs nothing yet, `active` signs, `retiring` signs nothing any more.',
    }),
    algorithm: z.enum(['ES256']),
    issuer: z.string().meta({ description: 'What the tokens name as their issuer (`iss`).' }),
    publicKey: z.string().meta({ description: 'PEM.' }),
    createdAt: timestamp,
    activatesAt: timestamp.optional().meta({ description: 'When a prepared one is to sign.' }),
    activatedAt: timestamp.optional(),
    endsAt: timestamp.optional().meta({ description: 'When the last token of a retiring one has ended.' }),
  })
  .meta({ id: 'TokenKey' });
export type TokenKeyView = z.infer<typeof tokenKey>;

const tag = 'Token keys';

export const listTokenKeys = defineOperation('key-management', 'list-token-keys', {
  request: z.object({}),
  response: z.object({ items: z.array(tokenKey) }),
  http: {
    method: 'GET',
    needs: 'Trust.read',
    path: '/v1/token-keys',
    tag,
    summary: 'Lists the keys with which access tokens are signed.',
  },
});

export const rotateTokenKey = defineOperation('key-management', 'rotate-token-key', {
  request: byActor.extend({
    immediately: yesOrNo.default(false).meta({
      description:
        'For a key that somebody else may have: every key ends now, and so does every token. Otherwise the next one is published an hour before it signs, and tokens of the one before stay good until they end.',
    }),
  }),
  response: changed.extend({ tokenKey }),
  http: {
    method: 'POST',
    needs: 'Trust.manage',
    path: '/v1/token-keys/rotate',
    tag,
    summary: 'Replaces the key that signs access tokens, in an hour or at once.',
    shows: 'tokenKey',
  },
});
