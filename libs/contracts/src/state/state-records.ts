import { z } from 'zod';
import { base64, sha256Hex } from '../request/shapes.js';

/**
 * The records of the state bucket. Each has the key it stands under and a version that only grows, so that a record can
 * neither be moved to another key nor be followed by an older one. A record that ended stays as `deleted: true`: a
 * removed key would forget its version, and a late relay could bring the old record back.
 */
const record = z.object({ key: z.string(), version: z.number().int().positive(), deleted: z.boolean().default(false) });

/** A certificate that grants access. Times are milliseconds since 1970. */
export const credentialRecord = record.extend({
  sha256: sha256Hex,
  serviceKeyId: z.string(),
  serviceKeyName: z.string(),
  serviceInstanceId: z.string(),
  /** `retiring` ends at `retiresAtMs`; a revoked one stays, so that the verdict can say so. */
  status: z.enum(['active', 'retiring', 'revoked']),
  retiresAtMs: z.number().optional(),
  notAfterMs: z.number(),
});
export type CredentialRecord = z.infer<typeof credentialRecord>;

export const instanceRecord = record.extend({
  id: z.string(),
  name: z.string(),
  plan: z.string(),
  roles: z.array(z.string()),
});
export type InstanceRecord = z.infer<typeof instanceRecord>;

/**
 * How certificates below a trusted root are checked for revocation. A list is in the record (`der`) or in the object store
 * under its SHA-256; `issuers` are certificates of CRL issuers and OCSP responders that senders do not send.
 */
export const rootRevocation = z.object({
  failure: z.enum(['hard', 'soft']),
  scope: z.enum(['all', 'leaf']),
  /** A CRL or answer older than this is not used; absent: until its nextUpdate. */
  maximumAgeMs: z.number().int().positive().optional(),
  clockSkewMs: z.number().int().nonnegative(),
  lists: z.array(z.object({ sha256: sha256Hex, bytes: z.number().int().positive(), der: base64.optional() })),
  issuers: z.array(base64),
  ocsp: z
    .object({
      /** Absent: the one that the certificate names, once its path has been found valid. */
      url: z.string().optional(),
      nonce: z.enum(['required', 'optional', 'none']),
      timeoutMs: z.number().int().positive(),
    })
    .optional(),
});
export type RootRevocation = z.infer<typeof rootRevocation>;

export const rootRecord = record.extend({
  sha256: sha256Hex,
  certificate: base64,
  revocation: rootRevocation.optional(),
});
export type RootRecord = z.infer<typeof rootRecord>;

/**
 * A certificate of our own CA. Only a `root` is an anchor; an `issuing` one completes chains that were sent without it.
 * What is `retired` or `revoked` opens no door any more, though a sender sends it along.
 */
export const caRecord = record.extend({
  id: z.string(),
  kind: z.enum(['root', 'issuing']),
  status: z.enum(['prepared', 'active', 'retiring', 'retired', 'revoked']),
  certificate: base64,
  sha256: sha256Hex,
});
export type CaRecord = z.infer<typeof caRecord>;

/** What was accepted last for an unpinned key. Times are milliseconds since 1970. */
const accepted = z.object({ sha256: sha256Hex, notBeforeMs: z.number() });

/**
 * A service key that is not pinned: a certificate with these two names grants access when it was issued later than the
 * one accepted last. `digest` is that of the canonical subject and issuer. `accepted` is what key-management knows; the
 * guard, where there is one, knows more.
 */
export const unpinnedRecord = record.extend({
  digest: sha256Hex,
  serviceKeyId: z.string(),
  serviceKeyName: z.string(),
  serviceInstanceId: z.string(),
  status: z.enum(['active', 'revoked']),
  /** SHA-256 of the issuer's public key (SubjectPublicKeyInfo); absent until a first valid use binds it. */
  issuerKeySha256: sha256Hex.optional(),
  accepted,
});
export type UnpinnedRecord = z.infer<typeof unpinnedRecord>;

/**
 * How far an unpinned key has moved: written by the verifier that accepts a newer certificate, on the condition that nobody
 * else did in between. `serviceKeyId` keeps the guard of a key that was deleted from binding its successor.
 */
export const guardRecord = record.extend({
  digest: sha256Hex,
  serviceKeyId: z.string(),
  issuerKeySha256: sha256Hex,
  accepted,
});
export type GuardRecord = z.infer<typeof guardRecord>;

/**
 * A client secret that grants access, by an id that tells nothing of it. A key has two while it is rotated. The secret and its
 * hash are never here. Times are milliseconds since 1970.
 */
export const secretRecord = record.extend({
  id: z.string(),
  serviceKeyId: z.string(),
  serviceKeyName: z.string(),
  serviceInstanceId: z.string(),
  /** `retiring` ends at `retiresAtMs`; a revoked one stays, so that the verdict can say so. */
  status: z.enum(['active', 'retiring', 'revoked']),
  retiresAtMs: z.number().optional(),
  /** Absent: it does not expire. */
  notAfterMs: z.number().optional(),
});
export type SecretRecord = z.infer<typeof secretRecord>;

/**
 * A public key with which access tokens are signed (ES256). One that is `prepared` signs nothing yet: it is published ahead, so that
 * resource servers of others have it when it does. One that is `retiring` signs nothing any more.
 */
export const tokenKeyRecord = record.extend({
  kid: z.string(),
  /** SubjectPublicKeyInfo, DER. */
  publicKey: base64,
  /** What tokens must name as their issuer. */
  issuer: z.string(),
  status: z.enum(['prepared', 'active', 'retiring']),
  /** Milliseconds since 1970; of one that is `retiring`: no token it signed is good after that. */
  endsAtMs: z.number().optional(),
});
export type TokenKeyRecord = z.infer<typeof tokenKeyRecord>;

/**
 * The access tokens that the client of a service key revoked before their end (RFC 7009), `id` being the `jti` of each. All of them are one
 * record, for a record that ended stays in the stream.
 */
export const revokedTokensRecord = record.extend({
  serviceKeyId: z.string(),
  tokens: z.array(z.object({ id: z.string(), expiresAtMs: z.number() })),
});
export type RevokedTokensRecord = z.infer<typeof revokedTokensRecord>;

export const roleRecord = record.extend({ name: z.string() });
export type RoleRecord = z.infer<typeof roleRecord>;

const senderAuthorization = z.discriminatedUnion('type', [
  z.object({ type: z.literal('UserRole'), role: z.string() }),
  z.object({
    type: z.literal('ClientCertificate'),
    certificates: z.array(z.object({ subjectDN: z.string(), issuerDN: z.string() })),
  }),
]);

/** `endpoints` are its sender channels that listen on HTTP; `definition` is the flow engine's. */
export const flowRecord = record.extend({
  id: z.string(),
  name: z.string(),
  endpoints: z.array(z.object({ id: z.string(), address: z.string(), authorization: senderAuthorization })),
  definition: z.record(z.string(), z.unknown()),
});
export type FlowRecord = z.infer<typeof flowRecord>;

/**
 * Tells that the credential a receiver channel names by its alias is another one now. The secret itself is in the
 * database of the flow runtime, sealed; it is never here.
 */
export const receiverCredentialRecord = record.extend({ alias: z.string() });
export type ReceiverCredentialRecord = z.infer<typeof receiverCredentialRecord>;

/** Written by each writing service when all its records of this epoch are in the bucket. */
export const completeRecord = record.extend({ service: z.string(), epoch: z.string() });
export type CompleteRecord = z.infer<typeof completeRecord>;

/**
 * Written every `leaseRenewalMs` by each flow runtime in a slot of its own, each on the condition that the one before it still
 * stands: that it was taken proves that the stream can be written and has lost nothing up to it. The version counts.
 */
export const leaseRecord = record.extend({ holder: z.string() });
export type LeaseRecord = z.infer<typeof leaseRecord>;

/**
 * Written every `leaseRenewalMs` by each writing service: all that it ever acknowledged stands in this epoch, as seen in this
 * incarnation of the stream (the run of the server, or the leader, that answers for it). `wallClockMs` is what its wall clock showed,
 * in milliseconds since 1970, so that everybody can compare clocks.
 */
export const confirmationRecord = record.extend({
  service: z.string(),
  epoch: z.string(),
  incarnation: z.string(),
  wallClockMs: z.number().optional(),
});
export type ConfirmationRecord = z.infer<typeof confirmationRecord>;

/** A runtime takes one at random: few enough that those of runtimes that ended take no room worth speaking of. */
export const leaseSlots = 4_096;

/** Somebody found that the stream lost what had stood in it: nothing is decided by this epoch any more, and it is made anew. */
export const lossRecord = record.extend({ service: z.string(), epoch: z.string(), reason: z.string() });
export type LossRecord = z.infer<typeof lossRecord>;

export const stateSchemas = {
  credential: credentialRecord,
  unpinned: unpinnedRecord,
  guard: guardRecord,
  instance: instanceRecord,
  root: rootRecord,
  ca: caRecord,
  secret: secretRecord,
  'token-key': tokenKeyRecord,
  'revoked-tokens': revokedTokensRecord,
  role: roleRecord,
  flow: flowRecord,
  'receiver-credential': receiverCredentialRecord,
  meta: completeRecord,
  lease: leaseRecord,
  confirmation: confirmationRecord,
  loss: lossRecord,
} as const;
export type StatePrefix = keyof typeof stateSchemas;
export type StateRecord<P extends StatePrefix = StatePrefix> = z.output<(typeof stateSchemas)[P]>;

/** The services that write state, each its own prefixes. A reader is ready when all of them have completed the epoch. */
export const stateWriters = {
  'key-management': ['credential', 'unpinned', 'instance', 'root', 'ca', 'secret', 'token-key', 'revoked-tokens'],
  authorization: ['role'],
  'flow-runtime': ['flow', 'receiver-credential'],
} as const satisfies Record<string, readonly StatePrefix[]>;
export type StateWriter = keyof typeof stateWriters;

/** Prefixes whose records are believed only with a signature of key-management. */
export const signedPrefixes: ReadonlySet<StatePrefix> = new Set(stateWriters['key-management']);

/** Prefixes about the stream itself: not in Postgres, and never compared with it. Every follower holds all but the leases. */
export const streamPrefixes: ReadonlySet<StatePrefix> = new Set(['meta', 'lease', 'confirmation', 'loss']);

export const stateBucket = 'SLUICE_STATE';
export const stateStream = `KV_${stateBucket}`;
export const stateSubjectPrefix = `$KV.${stateBucket}.`;
/**
 * Where the stream's configuration names its epoch. Its time of creation will not do: of several servers each has its own. A stream
 * of an earlier version has none, and is known by that time until it is made anew.
 */
export const stateEpochName = 'sluice-epoch';
/** Where the configuration of a stream that is still being made names the epoch it will have. It is no state bucket yet. */
export const stateMakingName = 'sluice-epoch-in-making';
/** The one subject of such a stream, which nobody may publish to. */
export const stateMakingSubject = 'sluice.state-in-making';

/** Keys. A role's name or an alias may hold dots in any place, which NATS subjects may not, so a dot is written `/` there. */
export const stateKey = {
  credential: (sha256: string) => `credential.${sha256}`,
  unpinned: (digest: string) => `unpinned.${digest}`,
  guard: (digest: string) => `guard.${digest}`,
  instance: (id: string) => `instance.${id}`,
  root: (sha256: string) => `root.${sha256}`,
  ca: (id: string) => `ca.${id}`,
  secret: (id: string) => `secret.${id}`,
  tokenKey: (kid: string) => `token-key.${kid}`,
  revokedTokens: (serviceKeyId: string) => `revoked-tokens.${serviceKeyId}`,
  role: (name: string) => `role.${name.replaceAll('.', '/')}`,
  flow: (id: string) => `flow.${id}`,
  receiverCredential: (alias: string) => `receiver-credential.${alias.replaceAll('.', '/')}`,
  complete: (service: string) => `meta.complete.${service}`,
  lease: (slot: number | '*') => `lease.${slot}`,
  confirmation: (service: string) => `confirmation.${service}`,
  loss: (service: string) => `loss.${service}`,
} as const;

export function statePrefixOf(key: string): StatePrefix | undefined {
  const prefix = key.slice(0, key.indexOf('.'));
  return Object.hasOwn(stateSchemas, prefix) ? (prefix as StatePrefix) : undefined;
}

/** @returns the alias a record of the prefix `receiver-credential` is about */
export function aliasOfReceiverCredential(key: string): string {
  return key.slice(stateKey.receiverCredential('').length).replaceAll('/', '.');
}
