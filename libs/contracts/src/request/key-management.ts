import { z } from 'zod';
import { defineRequest } from './request-contract.js';
import { base64, sha256Hex, timestamp } from './shapes.js';

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
 * A flow runtime tells which certificates and client secrets it let in since its last report: one entry for each, however many the requests.
 * It reports at its interval though nothing was used, so that it is known whether "not seen" means anything.
 */
export const reportUsage = defineRequest(
  'key-management',
  'report-usage',
  z.object({
    used: z.array(z.object({ sha256: sha256Hex, serviceKeyId: z.uuid(), atMs: z.number() })).max(10_000),
    /** By the id of the secret: of Basic authentication, and of tokens that rest on one. */
    secrets: z
      .array(z.object({ id: z.uuid(), serviceKeyId: z.uuid(), atMs: z.number() }))
      .max(10_000)
      .default([]),
  }),
  z.object({}),
);

/** A flow runtime tells which certificates its listeners show: DER in base64 of each virtual host's chain, the leaf first. */
export const reportServerCertificates = defineRequest(
  'key-management',
  'report-server-certificates',
  z.object({
    chains: z
      .array(
        z
          .array(base64.max(64 * 1024))
          .min(1)
          .max(8),
      )
      .max(16),
  }),
  z.object({}),
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
