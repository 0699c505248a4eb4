import { z } from 'zod';
import { sessionOfPerson } from '../api/sessions.js';
import { defineRequest } from './request-contract.js';
import { maxTokenLength } from './access-tokens.js';
import { base64, dependency, position, sha256Hex } from './shapes.js';

/** Which of these roles do not exist; asked by key-management before it grants them. */
export const findMissingRoles = defineRequest(
  'authorization',
  'find-missing-roles',
  z.object({ roles: z.array(z.string()) }),
  z.object({ missing: z.array(z.string()) }),
);

/**
 * The caller as the verifier proved it: by service key (of its certificate, its token or its secret), or by the names in the certificate alone. Or, while the verifier
 * still judges, whoever a service key holds that certificate for: nothing is proved of it then, and the answer is worth
 * nothing unless the verdict names the same service instance.
 */
export const caller = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('service-key'),
    serviceInstanceId: z.string(),
    /** The roles that its token is narrowed to: one that the instance has and that is not here counts as missing. */
    scope: z.array(z.string()).optional(),
  }),
  z.object({ kind: z.literal('held-certificate'), sha256: sha256Hex }),
  z.object({ kind: z.literal('certificate'), subject: z.string(), issuer: z.string() }),
]);

/**
 * May this caller use this endpoint (sender channel) of this flow? `minimum` is the runtime's own position: the answer rests on at least that much, or is
 * refused as `behind`. `subject` and `issuer` are canonical names as the verifier's verdict has them. `not-found` when no pinned
 * service key holds the certificate of a `held-certificate`.
 */
export const decide = defineRequest(
  'authorization',
  'decide',
  z.object({ flowId: z.string(), endpointId: z.string(), caller, minimum: position }),
  z.object({
    outcome: z.enum(['permit', 'deny']),
    reasons: z.array(z.object({ check: z.string(), ok: z.boolean(), explanation: z.string() })),
    asOf: position,
    dependencies: z.array(dependency),
    /** Whose roles were looked at. */
    serviceInstanceId: z.string().optional(),
  }),
  2_000,
);
export type DecideResponse = z.output<(typeof decide)['response']>;

/**
 * Who holds an admin token, an access token of a service key for the admin API (RFC 9068) or the certificate of one, and with which rights.
 * @remarks An admin token itself never crosses the bus: its SHA-256 does.
 */
export const authenticateAdministrator = defineRequest(
  'authorization',
  'authenticate-administrator',
  z
    .object({
      tokenSha256: z.string().optional(),
      accessToken: z.string().max(maxTokenLength).optional(),
      /** Of what the cookie of a session holds. */
      sessionSha256: z.string().optional(),
      /** A page that is open asks by itself: that is no use of the session. */
      watches: z.literal(true).optional(),
      /** On the connection: it says who calls where nothing else does, and a bound access token is good with it alone. */
      certificate: z.object({ leaf: base64.max(64 * 1024), chain: z.array(base64.max(64 * 1024)).max(16) }).optional(),
      /** The asker holds calls against the roles. One of the version before does not, and is told of tokens alone that may do everything for ever. */
      heedsRoles: z.literal(true).optional(),
    })
    .refine(
      ({ tokenSha256, accessToken, sessionSha256, certificate }) => {
        const given = [tokenSha256, accessToken, sessionSha256].filter((each) => each !== undefined).length;
        return given === 1 || (given === 0 && certificate !== undefined);
      },
      { error: 'must have a tokenSha256, an accessToken or a sessionSha256, or a certificate' },
    )
    .refine(({ tokenSha256, heedsRoles }) => tokenSha256 !== undefined || heedsRoles === true, {
      error: 'must heed the roles of an access token, a certificate or a session',
    }),
  z.object({
    name: z.string(),
    /** Those that are rights. A service of the version before tells none. */
    roles: z.array(z.string()).default([]),
    /** Who made what it is known by, the nearest first; absent: not known. */
    makers: z.array(z.string()).optional(),
    /** When the session ends; ISO 8601. */
    sessionEndsAt: z.string().optional(),
    /** Whose session it is, where that is no admin token's. */
    person: sessionOfPerson.optional(),
  }),
);
