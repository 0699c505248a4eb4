import { z } from 'zod';
import { check } from './certificate-verifier.js';
import { defineRequest } from './request-contract.js';
import { base64, dependency, position, sha256Hex } from './shapes.js';

/**
 * What a token is for. One for flows is worth nothing at the admin API, and the other way round; the value is the claim `aud`
 * (RFC 9068 §2.2).
 */
export const tokenAudiences = { flows: 'urn:sluice:flows', adminApi: 'urn:sluice:admin-api' } as const;
export const tokenAudience = z.enum(tokenAudiences);
export type TokenAudience = z.infer<typeof tokenAudience>;

/** No client needs more; attack 46. Characters. */
export const maxTokenLength = 8_192;
/** Who guesses is to guess short. Characters. */
const clientSecret = z.string().max(256);
const clientId = z.string().max(256);

/** The private claim `sluice` of our access tokens, beside those of RFC 9068 and `cnf` (RFC 8705 §3.1): what the token rests on. */
export const tokenGrounds = z.object({
  /** Id of the service key; the name is the claim `client_id` as well. */
  service_key: z.string(),
  service_instance: z.string(),
  /** Id of the secret by which the client was authenticated; absent when it was by the certificate that `cnf` names. */
  secret: z.string().optional(),
});

/**
 * How a client proved who it is. A certificate was judged by the verifier before, and the key it belongs to is that of the
 * verdict; `clientId` is what the client said it is, when it said so.
 */
const clientProof = z.discriminatedUnion('by', [
  z.object({ by: z.literal('secret'), clientId, secret: clientSecret }),
  z.object({
    by: z.literal('certificate'),
    clientId: clientId.optional(),
    serviceKeyId: z.string(),
    serviceInstanceId: z.string(),
  }),
]);
export type ClientProof = z.infer<typeof clientProof>;

const tokenRequest = z.object({
  client: clientProof,
  /** SHA-256 of the certificate that the client showed on its connection, whatever it was authenticated by (RFC 8705 §3). */
  boundTo: sha256Hex.optional(),
  /** As it was sent: names of roles, with a blank between two. Absent: all roles of the instance. */
  scope: z.string().max(8_192).optional(),
  /** Where it came from, for the delay after wrong secrets. */
  address: z.string().max(64),
});

/** The error codes of RFC 6749 §5.2 that a well-formed request can be answered with. */
const tokenErrors = ['invalid_client', 'unauthorized_client', 'invalid_scope'] as const;

const tokenAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('issued'),
    accessToken: z.string(),
    /** Seconds. */
    expiresIn: z.number().int().positive(),
    scope: z.string(),
  }),
  z.object({ outcome: z.literal('refused'), error: z.enum(tokenErrors), description: z.string() }),
  /** Too many wrong secrets: of this client, or from this address. */
  z.object({ outcome: z.literal('delayed'), retryAfterSeconds: z.number().int().positive() }),
]);
export type TokenAnswer = z.output<typeof tokenAnswer>;

/** Makes an access token for flows (RFC 6749 §4.4, RFC 9068). Asked by flow-runtime. The answer is a secret. */
export const issueFlowToken = defineRequest('key-management', 'issue-flow-token', tokenRequest, tokenAnswer, 5_000);
/** The same for the admin API; the key's instance has the plan `api`. Asked by admin-api, and by nobody where senders connect. */
export const issueApiToken = defineRequest('key-management', 'issue-api-token', tokenRequest, tokenAnswer, 5_000);

/**
 * Whose secret this is; for Basic authentication, and for clients of introspection and revocation. Nothing is decided by the answer alone:
 * the verifier says by `secretId` whether it grants access now.
 */
export const authenticateClient = defineRequest(
  'key-management',
  'authenticate-client',
  z.object({ clientId, secret: clientSecret, address: z.string().max(64) }),
  z.discriminatedUnion('outcome', [
    z.object({ outcome: z.literal('authenticated'), secretId: z.string(), serviceKeyId: z.string() }),
    z.object({ outcome: z.literal('refused') }),
    z.object({ outcome: z.literal('delayed'), retryAfterSeconds: z.number().int().positive() }),
  ]),
  5_000,
);

/** Ends a token before its time (RFC 7009); one that is not this client's, or has ended, is left as it is. */
export const revokeToken = defineRequest(
  'key-management',
  'revoke-token',
  z.object({ token: z.string().max(maxTokenLength), serviceKeyId: z.string() }),
  z.object({}),
);

/**
 * Judges what a sender shows beside or in place of a certificate: an access token, or a secret that key-management knew. `certificate` is
 * the one on the connection, as {@link verifyCertificate} takes it: a token that is bound to a certificate is good with that one alone, and
 * where the client was authenticated by the certificate it is judged as well as ever.
 */
export const verifyAccess = defineRequest(
  'certificate-verifier',
  'verify-access',
  z.object({
    shown: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('token'),
        token: z.string().max(maxTokenLength),
        audience: tokenAudience,
        /**
         * A resource server asks (RFC 7662), not who holds the token: it compares `cnf` itself, so the certificate is not asked for, and what
         * can be told without it is. The scope is then what the instance still has of it.
         */
        introspection: z.boolean().optional(),
      }),
      z.object({ kind: z.literal('secret'), secretId: z.string() }),
    ]),
    certificate: z.object({ leaf: base64.max(64 * 1024), chain: z.array(base64.max(64 * 1024)).max(16) }).optional(),
    minimum: position,
  }),
  z.object({
    outcome: z.enum(['accepted', 'refused']),
    serviceKeyId: z.string().optional(),
    serviceKeyName: z.string().optional(),
    serviceInstanceId: z.string().optional(),
    /** RFC 4514: of the certificate, where the token rests on one. */
    subjectdn: z.string().optional(),
    /** The roles that the token is narrowed to; absent: those of the instance. */
    scope: z.array(z.string()).optional(),
    /** Its `jti`, and when it was issued and ends by itself, in seconds since 1970. */
    token: z
      .object({ id: z.string(), issuedAt: z.number(), expiresAt: z.number(), boundTo: sha256Hex.optional() })
      .optional(),
    /** A refusal code of the domain when refused. */
    refusal: z.string().optional(),
    checks: z.array(check),
    asOf: position,
    /** Milliseconds since 1970: the verdict ends by the clock here. */
    validUntilMs: z.number(),
    dependencies: z.array(dependency),
    verifier: z.string(),
  }),
  2_000,
);
export type AccessVerdict = z.output<(typeof verifyAccess)['response']>;
