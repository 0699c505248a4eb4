import { plans, grantTypes, keyTypes } from '@sluice/domain';
import { z } from 'zod';
import { defineRequest } from './request-contract.js';
import { actor, base64, page, pageRequest, propagation, sha256Hex, timestamp } from './shapes.js';

export const serviceInstance = z.object({
  id: z.uuid(),
  name: z.string(),
  plan: z.enum(plans),
  parameters: z.object({
    roles: z.array(z.string()),
    'grant-types': z.array(z.enum(grantTypes)),
    'redirect-uris': z.array(z.string()),
    'token-validity': z.number(),
  }),
  createdAt: timestamp,
  updatedAt: timestamp,
});
export type ServiceInstanceView = z.infer<typeof serviceInstance>;

/** A certificate a key holds, as anybody who may read the key sees it. */
export const heldCertificate = z.object({
  sha256: sha256Hex,
  subjectdn: z.string(),
  issuerdn: z.string(),
  serialnumber: z.string(),
  validfrom: timestamp,
  validuntil: timestamp,
  status: z.enum(['active', 'retiring', 'retired', 'revoked', 'expired']),
  retiresAt: timestamp.optional(),
  /** It ends only when it was not seen for so long. */
  retireAfterUnusedDays: z.number().int().optional(),
  /** Since when its scheduled end is put off, because it is the last usable certificate of the key. */
  retirementPostponedAt: timestamp.optional(),
  /** Right to within the runtimes' reporting interval; absent when it was never seen. */
  lastUsedAt: timestamp.optional(),
  revocationReason: z.string().optional(),
});

/** What a sender needs. `key` and `clientsecret` are present once: in the answer that made them. */
export const credentials = z.object({
  clientid: z.string(),
  clientsecret: z.string().optional(),
  certificate: z.string().optional(),
  key: z.string().optional(),
  certificatedetails: z
    .object({ issuerdn: z.string(), subjectdn: z.string(), validuntil: timestamp, serialnumber: z.string() })
    .optional(),
  tokenurl: z.string(),
  url: z.string(),
});

export const serviceKey = z.object({
  id: z.uuid(),
  name: z.string(),
  serviceInstanceId: z.uuid(),
  'key-type': z.enum(keyTypes),
  parameters: z.record(z.string(), z.unknown()),
  status: z.enum(['active', 'revoked', 'expired']),
  certificates: z.array(heldCertificate),
  createdAt: timestamp,
  updatedAt: timestamp,
});
export type ServiceKeyView = z.infer<typeof serviceKey>;
export type Credentials = z.infer<typeof credentials>;
export const serviceKeyWithCredentials = serviceKey.extend({ credentials });

/** A CRL in force. `source` is the URL it was fetched from; absent when it was uploaded. */
export const certificateList = z.object({
  sha256: sha256Hex,
  issuer: z.string(),
  number: z.string().optional(),
  delta: z.boolean(),
  thisUpdate: timestamp,
  nextUpdate: timestamp.optional(),
  entries: z.number().int(),
  bytes: z.number().int(),
  source: z.string().optional(),
  since: timestamp,
});

/** How certificates below a root are checked for revocation, and how its sources are doing. */
export const revocation = z.object({
  failure: z.enum(['hard', 'soft']),
  scope: z.enum(['all', 'leaf']),
  maximumAgeSeconds: z.number().optional(),
  clockSkewSeconds: z.number(),
  crls: z.array(
    z.object({
      url: z.string(),
      refreshSeconds: z.number(),
      lastFetchedAt: timestamp.optional(),
      nextFetchAt: timestamp,
      /** Why the last attempt gave nothing; the CRL before stays in force until its end. */
      lastError: z.string().optional(),
    }),
  ),
  issuerCertificates: z.array(z.object({ sha256: sha256Hex, subject: z.string() })),
  ocsp: z
    .object({
      url: z.string().optional(),
      nonce: z.enum(['required', 'optional', 'none']),
      timeoutMilliseconds: z.number(),
    })
    .optional(),
  lists: z.array(certificateList),
});
export type RevocationView = z.infer<typeof revocation>;

export const trustedRoot = z.object({
  sha256: sha256Hex,
  subject: z.string(),
  issuer: z.string(),
  serialNumber: z.string(),
  notBefore: timestamp,
  notAfter: timestamp,
  keyAlgorithm: z.string(),
  /** `issuing-ca`: the root of our own CA, trusted while that CA is in use; `administrator`: added by hand. */
  origin: z.enum(['issuing-ca', 'administrator']),
  pem: z.string(),
  addedAt: timestamp,
  /** Absent: not checked. Certificates that our own CA issued are judged by the status of their keys. */
  revocation: revocation.optional(),
});
export type TrustedRootView = z.infer<typeof trustedRoot>;

const byActor = z.object({ actor });
const changed = z.object({ propagation });

export const createServiceInstance = defineRequest(
  'key-management',
  'create-service-instance',
  byActor.extend({ name: z.unknown().optional(), plan: z.unknown().optional(), parameters: z.unknown().optional() }),
  changed.extend({ serviceInstance }),
);
export const listServiceInstances = defineRequest(
  'key-management',
  'list-service-instances',
  pageRequest,
  page(serviceInstance),
);
export const getServiceInstance = defineRequest(
  'key-management',
  'get-service-instance',
  z.object({ id: z.string() }),
  serviceInstance,
);
export const updateServiceInstance = defineRequest(
  'key-management',
  'update-service-instance',
  byActor.extend({ id: z.string(), name: z.unknown().optional(), parameters: z.unknown().optional() }),
  changed.extend({ serviceInstance }),
);
export const deleteServiceInstance = defineRequest(
  'key-management',
  'delete-service-instance',
  byActor.extend({ id: z.string(), force: z.boolean().default(false) }),
  changed,
);
/** Issuing may wait for an RSA key pair, hence the longer time-out. */
export const createServiceKey = defineRequest(
  'key-management',
  'create-service-key',
  byActor.extend({ serviceInstanceId: z.string(), name: z.unknown().optional(), parameters: z.unknown().optional() }),
  changed.extend({ serviceKey: serviceKeyWithCredentials }),
  30_000,
);
export const listServiceKeys = defineRequest(
  'key-management',
  'list-service-keys',
  pageRequest.extend({ serviceInstanceId: z.string() }),
  page(serviceKey),
);
export const getServiceKey = defineRequest(
  'key-management',
  'get-service-key',
  z.object({ id: z.string() }),
  serviceKey.extend({ credentials }),
);
export const deleteServiceKey = defineRequest(
  'key-management',
  'delete-service-key',
  byActor.extend({ id: z.string() }),
  changed,
);
export const rotateServiceKey = defineRequest(
  'key-management',
  'rotate-service-key',
  byActor.extend({
    id: z.string(),
    overlapSeconds: z.unknown().optional(),
    retireAfterUnusedDays: z.unknown().optional(),
    'certificate-request': z.unknown().optional(),
    'X.509': z.unknown().optional(),
  }),
  changed.extend({ serviceKey: serviceKeyWithCredentials }),
  30_000,
);
export const revokeCertificate = defineRequest(
  'key-management',
  'revoke-certificate',
  byActor.extend({ id: z.string(), sha256: z.string(), reason: z.unknown().optional() }),
  changed.extend({ serviceKey }),
);
/** Revokes all keys of an instance at once; those revoked before stay as they are. */
export const revokeServiceInstance = defineRequest(
  'key-management',
  'revoke-service-instance',
  byActor.extend({ id: z.string(), reason: z.unknown().optional() }),
  changed.extend({ serviceKeys: z.array(serviceKey) }),
  30_000,
);

const authorityView = z.object({
  id: z.uuid(),
  subject: z.string(),
  sha256: sha256Hex,
  serialnumber: z.string(),
  status: z.enum(['prepared', 'active', 'retiring', 'retired', 'revoked']),
  validfrom: timestamp,
  validuntil: timestamp,
  /** PEM. */
  certificate: z.string(),
  createdAt: timestamp,
});
/** An issuing CA of ours with the root it stands under. */
export const issuingCa = authorityView.extend({
  root: authorityView,
  /** Certificates of service keys that it issued and that are usable now. */
  usableCertificates: z.number().int(),
  revocationReason: z.string().optional(),
});
export type IssuingCaView = z.infer<typeof issuingCa>;

export const listIssuingCas = defineRequest('key-management', 'list-issuing-cas', pageRequest, page(issuingCa));
export const getIssuingCa = defineRequest('key-management', 'get-issuing-ca', z.object({ id: z.string() }), issuingCa);
export const prepareIssuingCa = defineRequest(
  'key-management',
  'prepare-issuing-ca',
  byActor.extend({ root: z.unknown().optional() }),
  changed.extend({ issuingCa }),
);
export const activateIssuingCa = defineRequest(
  'key-management',
  'activate-issuing-ca',
  byActor.extend({ id: z.string() }),
  changed.extend({ issuingCa }),
);
export const retireIssuingCa = defineRequest(
  'key-management',
  'retire-issuing-ca',
  byActor.extend({ id: z.string(), force: z.boolean().default(false) }),
  changed.extend({ issuingCa }),
);
/** Ends every certificate below the CA, however many they are. */
export const revokeIssuingCa = defineRequest(
  'key-management',
  'revoke-issuing-ca',
  byActor.extend({ id: z.string(), reason: z.unknown().optional() }),
  changed.extend({ issuingCa }),
  60_000,
);
/**
 * The newest CRL of an issuing CA or a root, in parts that fit a message. `number` (the cRLNumber) with `part` asks for a
 * further part of that list; when a newer one was made meanwhile the answer is the first part of that.
 */
export const getCertificateList = defineRequest(
  'key-management',
  'get-certificate-list',
  z.object({ id: z.string(), number: z.number().int().optional(), part: z.number().int().nonnegative().default(0) }),
  z.object({
    /** DER in base64. */
    der: z.string(),
    number: z.number().int(),
    part: z.number().int(),
    parts: z.number().int(),
    thisUpdate: timestamp,
    nextUpdate: timestamp,
  }),
  30_000,
);
/**
 * A flow runtime tells which certificates it let in since its last report: one entry for each, however many the requests.
 * It reports at its interval though nothing was used, so that it is known whether "not seen" means anything.
 */
export const reportUsage = defineRequest(
  'key-management',
  'report-usage',
  z.object({
    used: z.array(z.object({ sha256: sha256Hex, serviceKeyId: z.uuid(), atMs: z.number() })).max(10_000),
  }),
  z.object({}),
);

export const revokeServiceKey = defineRequest(
  'key-management',
  'revoke-service-key',
  byActor.extend({ id: z.string(), reason: z.unknown().optional() }),
  changed.extend({ serviceKey }),
);
export const addTrustedRoot = defineRequest(
  'key-management',
  'add-trusted-root',
  byActor.extend({ pem: z.unknown().optional() }),
  changed.extend({
    trustedRoot,
    /** What works otherwise than may be expected, one sentence each. */
    warnings: z.array(z.string()).optional(),
  }),
);
export const listTrustedRoots = defineRequest('key-management', 'list-trusted-roots', pageRequest, page(trustedRoot));
export const removeTrustedRoot = defineRequest(
  'key-management',
  'remove-trusted-root',
  byActor.extend({ sha256: z.string() }),
  changed,
);
export const getTrustedRoot = defineRequest(
  'key-management',
  'get-trusted-root',
  z.object({ sha256: z.string() }),
  trustedRoot,
);
/** `policy` absent: revocation is checked no longer. Waits for the first fetch of each CRL, hence the longer time-out. */
export const configureRevocation = defineRequest(
  'key-management',
  'configure-revocation',
  byActor.extend({ sha256: z.string(), policy: z.unknown().optional() }),
  changed.extend({ trustedRoot }),
  60_000,
);
/** `content`: DER or PEM in base64. */
export const addCertificateList = defineRequest(
  'key-management',
  'add-certificate-list',
  byActor.extend({ sha256: z.string(), content: base64 }),
  changed.extend({ trustedRoot, certificateList }),
  30_000,
);
export const removeCertificateList = defineRequest(
  'key-management',
  'remove-certificate-list',
  byActor.extend({ sha256: z.string(), list: z.string() }),
  changed,
);
/** The certificates of service keys that have these two names, newest first: the nearest to one that no key holds. */
export const findCertificatesByNames = defineRequest(
  'key-management',
  'find-certificates-by-names',
  z.object({ namesDigest: sha256Hex }),
  z.object({
    certificates: z.array(
      z.object({
        sha256: sha256Hex,
        serialnumber: z.string(),
        validuntil: timestamp,
        serviceKeyId: z.uuid(),
        serviceKeyName: z.string(),
        serviceInstanceId: z.uuid(),
        status: z.enum(['active', 'revoked']),
      }),
    ),
  }),
);
/** Which service instances hold a role; asked by authorization before it deletes the role. */
export const listRoleHolders = defineRequest(
  'key-management',
  'list-role-holders',
  z.object({ role: z.string() }),
  z.object({ serviceInstances: z.array(z.object({ id: z.string(), name: z.string() })) }),
);
