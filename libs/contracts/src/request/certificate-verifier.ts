import { z } from 'zod';
import { defineRequest } from './request-contract.js';
import { base64, dependency, position, sha256Hex } from './shapes.js';

/** DER in base64; no certificate of a sender needs more, and the parser is not to be fed without bound. */
const certificate = base64.max(64 * 1024);

/** One check of a decision: what was looked at, how it ended, and for people why. */
export const check = z.object({ check: z.string(), ok: z.boolean(), explanation: z.string() });
export type Check = z.infer<typeof check>;

/**
 * Judges a sender's certificate. `leaf` and `chain` are base64 DER; the chain may come in any order, with or without
 * its root. `lookUp` says what the flow needs: the service key that holds the leaf, or its names alone.
 */
export const verifyCertificate = defineRequest(
  'certificate-verifier',
  'verify-certificate',
  z.object({
    leaf: certificate,
    chain: z.array(certificate).max(16),
    lookUp: z.enum(['service-key', 'names']),
    minimum: position,
  }),
  z.object({
    outcome: z.enum(['accepted', 'refused']),
    sha256: sha256Hex,
    /** RFC 4514, for people and logs; absent when the leaf could not be read. */
    subjectdn: z.string().optional(),
    issuerdn: z.string().optional(),
    /** Canonical names for comparison (RFC 5280 §7.1). */
    subject: z.string().optional(),
    issuer: z.string().optional(),
    /** `0x…`; and the digest of the two canonical names, by which keys for the same names are found. */
    serialnumber: z.string().optional(),
    namesDigest: sha256Hex.optional(),
    serviceKeyId: z.string().optional(),
    serviceKeyName: z.string().optional(),
    serviceInstanceId: z.string().optional(),
    /** A refusal code of the domain when refused. */
    refusal: z.string().optional(),
    checks: z.array(check),
    nearestMatch: z.string().optional(),
    asOf: position,
    /** Milliseconds since 1970: the verdict ends by the clock here. */
    validUntilMs: z.number(),
    dependencies: z.array(dependency),
    /** The process that answered, so that spread and failures can be seen. */
    verifier: z.string(),
  }),
  2_000,
);
export type Verdict = z.output<(typeof verifyCertificate)['response']>;
