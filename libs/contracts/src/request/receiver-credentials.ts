import { z } from 'zod';
import { defineRequest } from './request-contract.js';
import { actor, page, pageRequest, propagation, sha256Hex, timestamp } from './shapes.js';

const description = z.string().max(1_000).optional();
const text = z.string().min(1).max(1_000);
const secret = z.string().min(1).max(10_000);
const clientAuthentication = z.enum(['header', 'body']);

/** What an administrator stores under an alias. Secrets go in and never come out again. */
export const receiverCredentialInput = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('UserCredentials'), description, user: text, password: secret }),
  z.strictObject({
    type: z.literal('OAuth2ClientCredentials'),
    description,
    tokenUrl: z.url({ protocol: /^https?$/ }).max(2_000),
    clientId: text,
    clientSecret: secret,
    scope: z.string().max(1_000).optional(),
    /** Where the client's id and secret stand in the token request (RFC 6749 §2.3.1). */
    clientAuthentication: clientAuthentication.default('header'),
  }),
  z.strictObject({
    type: z.literal('KeyPair'),
    description,
    /** PEM: the client certificate, then what completes its chain. */
    certificate: z.string().min(1).max(100_000),
    /** PEM, not encrypted. */
    key: z.string().min(1).max(100_000),
  }),
]);
export type ReceiverCredentialInput = z.output<typeof receiverCredentialInput>;

/** A credential as it may be shown. */
export const receiverCredential = z.object({
  alias: z.string(),
  type: z.enum(['UserCredentials', 'OAuth2ClientCredentials', 'KeyPair']),
  description: z.string().optional(),
  user: z.string().optional(),
  tokenUrl: z.string().optional(),
  clientId: z.string().optional(),
  scope: z.string().optional(),
  clientAuthentication: clientAuthentication.optional(),
  certificate: z
    .object({ subjectdn: z.string(), issuerdn: z.string(), sha256: sha256Hex, validuntil: timestamp })
    .optional(),
  version: z.number().int(),
  changedAt: timestamp,
});
export type ReceiverCredentialView = z.infer<typeof receiverCredential>;

export const putReceiverCredential = defineRequest(
  'flow-runtime',
  'put-receiver-credential',
  z.object({ actor, alias: z.string(), credential: z.unknown() }),
  z.object({ credential: receiverCredential, created: z.boolean(), propagation }),
);
export const getReceiverCredential = defineRequest(
  'flow-runtime',
  'get-receiver-credential',
  z.object({ alias: z.string() }),
  receiverCredential,
);
export const listReceiverCredentials = defineRequest(
  'flow-runtime',
  'list-receiver-credentials',
  pageRequest,
  page(receiverCredential),
);
export const deleteReceiverCredential = defineRequest(
  'flow-runtime',
  'delete-receiver-credential',
  z.object({ actor, alias: z.string() }),
  z.object({ propagation }),
);
