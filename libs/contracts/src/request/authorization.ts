import { z } from 'zod';
import { defineRequest } from './request-contract.js';
import { actor, dependency, page, pageRequest, position, propagation, sha256Hex, timestamp } from './shapes.js';

export const userRole = z.object({
  name: z.string(),
  description: z.string(),
  owner: z.enum(['SAP', 'tenant']),
  createdAt: timestamp,
});
export type UserRoleView = z.infer<typeof userRole>;

const byActor = z.object({ actor });
const changed = z.object({ propagation });

export const createUserRole = defineRequest(
  'authorization',
  'create-user-role',
  byActor.extend({ name: z.unknown().optional(), description: z.unknown().optional() }),
  changed.extend({ userRole }),
);
export const listUserRoles = defineRequest('authorization', 'list-user-roles', pageRequest, page(userRole));
export const updateUserRole = defineRequest(
  'authorization',
  'update-user-role',
  byActor.extend({ name: z.string(), description: z.unknown().optional() }),
  changed.extend({ userRole }),
);
export const deleteUserRole = defineRequest(
  'authorization',
  'delete-user-role',
  byActor.extend({ name: z.string() }),
  changed,
);
/** Which of these roles do not exist; asked by key-management before it grants them. */
export const findMissingRoles = defineRequest(
  'authorization',
  'find-missing-roles',
  z.object({ roles: z.array(z.string()) }),
  z.object({ missing: z.array(z.string()) }),
);

/**
 * The caller as the verifier proved it: by service key, or by the names in the certificate alone. Or, while the verifier
 * still judges, whoever a service key holds that certificate for: nothing is proved of it then, and the answer is worth
 * nothing unless the verdict names the same service instance.
 */
export const caller = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('service-key'), serviceInstanceId: z.string() }),
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

/** @remarks The token itself never crosses the bus: its SHA-256 does. */
export const authenticateAdministrator = defineRequest(
  'authorization',
  'authenticate-administrator',
  z.object({ tokenSha256: z.string() }),
  z.object({ name: z.string() }),
);
export const adminToken = z.object({ name: z.string(), createdAt: timestamp });
export const createAdminToken = defineRequest(
  'authorization',
  'create-admin-token',
  byActor.extend({ name: z.unknown().optional(), tokenSha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.object({ adminToken }),
);
export const listAdminTokens = defineRequest('authorization', 'list-admin-tokens', pageRequest, page(adminToken));
export const revokeAdminToken = defineRequest(
  'authorization',
  'revoke-admin-token',
  byActor.extend({ name: z.string() }),
  z.object({}),
);

/** A subscriber of the events: who it is, and by which names it works. */
export const subscriber = z.object({
  id: z.string(),
  name: z.string(),
  /** nkey (`U…`) whose seed the subscriber alone has. */
  publicKey: z.string(),
  createdAt: timestamp,
  /** When a connection of it was last seen, to the minute; absent until it has connected. */
  lastSeenAt: timestamp.optional(),
  /** Names that its consumers may have. */
  consumers: z.array(z.string()),
  /** Its client must be told so: answers come nowhere else. */
  inboxPrefix: z.string(),
});
export type SubscriberView = z.infer<typeof subscriber>;

/** @remarks The seed never crosses the bus: whoever asks has made it, or has got the public key from the subscriber. */
export const createSubscriber = defineRequest(
  'authorization',
  'create-subscriber',
  byActor.extend({ name: z.unknown().optional(), publicKey: z.unknown().optional() }),
  changed.extend({ subscriber }),
);
export const listSubscribers = defineRequest('authorization', 'list-subscribers', pageRequest, page(subscriber));
/** `pending`: nobody is let in any more, and it is not known yet that every connection has ended. */
export const revokeSubscriber = defineRequest(
  'authorization',
  'revoke-subscriber',
  byActor.extend({ id: z.string() }),
  changed,
  10_000,
);
