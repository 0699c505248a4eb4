import { z } from 'zod';
import { sha256Hex, timestamp } from '../request/shapes.js';
import { eventSubjectPrefix } from './cloud-event.js';

const serviceInstance = z.object({ id: z.string(), name: z.string(), plan: z.string(), roles: z.array(z.string()) });
const certificate = z.object({
  sha256: sha256Hex,
  subjectdn: z.string(),
  issuerdn: z.string(),
  serialnumber: z.string(),
  validuntil: timestamp,
});
/** Of a key of type `client_secret`: the secret's id, which tells nothing of it. */
const secret = z.object({ id: z.string(), createdAt: timestamp, validuntil: timestamp.optional() });
const serviceKey = z.object({
  id: z.string(),
  name: z.string(),
  serviceInstanceId: z.string(),
  'key-type': z.string(),
});
const actor = z.object({ actor: z.string() });
const role = z.object({ name: z.string(), description: z.string() });
const root = z.object({ sha256: sha256Hex, subject: z.string() });
const issuingCa = z.object({ id: z.string(), subject: z.string(), sha256: sha256Hex });
const tokenKey = z.object({ kid: z.string(), algorithm: z.string() });
const proposal = z.object({
  id: z.string(),
  operation: z.string(),
  subject: z.string(),
  name: z.string(),
  proposedBy: z.string(),
  expiresAt: timestamp,
});
const flow = z.object({ id: z.string(), name: z.string(), address: z.string(), version: z.number().int() });

/** Every event there is, by `<thing>.<happened>`, with the shape of its data. Never a private key or a secret. */
export const eventTypes = {
  'service-instance.created': actor.extend({ serviceInstance }),
  'service-instance.updated': actor.extend({ serviceInstance }),
  'service-instance.deleted': actor.extend({ serviceInstance }),
  'service-key.created': actor.extend({ serviceKey, certificate: certificate.optional() }),
  /** `certificate` and `predecessor` of a key with certificates, `secret` and `predecessorSecret` of one with secrets. */
  'service-key.rotated': actor.extend({
    serviceKey,
    certificate: certificate.optional(),
    predecessor: certificate.optional(),
    secret: secret.optional(),
    predecessorSecret: secret.optional(),
    /** With `retireAfterUnusedDays`: the earliest end. */
    retiresAt: timestamp,
    retireAfterUnusedDays: z.number().int().optional(),
  }),
  /** `certificates` and `secrets` are those that ended by it; `keyRevoked` is false when the key itself lives on. */
  'service-key.revoked': actor.extend({
    serviceKey,
    reason: z.string(),
    certificates: z.array(certificate),
    secrets: z.array(secret).optional(),
    keyRevoked: z.boolean().optional(),
  }),
  'service-key.expiring': actor.extend({
    serviceKey,
    certificate: certificate.optional(),
    secret: secret.optional(),
    daysLeft: z.number().int(),
  }),
  /** A certificate or a secret of the key expired; so many of its others can still be used. */
  'service-key.expired': actor.extend({
    serviceKey,
    certificate: certificate.optional(),
    secret: secret.optional(),
    usableCertificates: z.number().int(),
    usableSecrets: z.number().int().optional(),
  }),
  /** The certificate or secret was to end at `retiresAt`, but is the last usable one of its key: rotate the key. */
  'service-key.retirement-postponed': actor.extend({
    serviceKey,
    certificate: certificate.optional(),
    secret: secret.optional(),
    retiresAt: timestamp,
  }),
  'service-key.deleted': actor.extend({ serviceKey }),
  'user-role.created': actor.extend({ userRole: role }),
  'user-role.updated': actor.extend({ userRole: role }),
  'user-role.deleted': actor.extend({ userRole: role }),
  /** By its name; never the token. */
  'admin-token.expiring': actor.extend({
    adminToken: z.object({ name: z.string(), roles: z.array(z.string()), expiresAt: timestamp }),
    daysLeft: z.number().int(),
  }),
  'trusted-root.added': actor.extend({ trustedRoot: root }),
  'trusted-root.removed': actor.extend({ trustedRoot: root }),
  /** How certificates below it are checked for revocation was changed, or a CRL came into force or was taken away. */
  'trusted-root.updated': actor.extend({
    trustedRoot: root,
    revocation: z
      .object({ failure: z.string(), lists: z.array(z.object({ sha256: sha256Hex, issuer: z.string() })) })
      .optional(),
  }),
  'issuing-ca.prepared': actor.extend({ issuingCa, root: root.optional() }),
  'issuing-ca.activated': actor.extend({ issuingCa, root: root.optional(), predecessor: issuingCa.optional() }),
  'issuing-ca.revoked': actor.extend({ issuingCa, reason: z.string() }),
  'issuing-ca.retired': actor.extend({ issuingCa }),
  'token-key.prepared': actor.extend({ tokenKey, activatesAt: timestamp }),
  'token-key.activated': actor.extend({ tokenKey, predecessor: tokenKey.optional() }),
  'token-key.retired': actor.extend({ tokenKey }),
  'proposal.created': actor.extend({ proposal }),
  'proposal.approved': actor.extend({ proposal }),
  'proposal.withdrawn': actor.extend({ proposal }),
  /** The newest entry of each service's audit trail. */
  'audit.head': actor.extend({
    heads: z.array(z.object({ service: z.string(), sequence: z.number().int(), hash: sha256Hex })),
  }),
  'flow.deployed': actor.extend({ flow }),
  'flow.undeployed': actor.extend({ flow }),
  'flow.failed': actor.extend({ flow, error: z.string() }),
} as const;
export type EventName = keyof typeof eventTypes;
export type EventData<N extends EventName> = z.input<(typeof eventTypes)[N]>;

export function eventType(name: EventName): string {
  return `dev.sluice.${name}.v1`;
}

export function eventSubject(name: EventName): string {
  return `${eventSubjectPrefix}${name}`;
}

/** @param subject as `eventSubject` gave it */
export function eventNameOf(subject: string): string {
  return subject.slice(eventSubjectPrefix.length);
}

/** The services that publish events, each under its own things: one writer a subject. */
export const eventWriters = {
  'key-management': ['service-instance', 'service-key', 'trusted-root', 'issuing-ca', 'token-key', 'proposal', 'audit'],
  authorization: ['user-role', 'admin-token'],
  'flow-runtime': ['flow'],
} as const;
