import { z } from 'zod';
import type { StateWriter } from '../state/state-records.js';
import { defineRequest } from './request-contract.js';
import { empty, sha256Hex, timestamp } from './shapes.js';

/** An entry of a service's audit trail: `hash` is the SHA-256 of `previousHash`, a line feed and `content`. */
export const auditEntry = z.object({
  sequence: z.number().int().positive(),
  previousHash: z.string(),
  /** JSON: sequence, at, actor, action, requestId, changes. The hash is of this text. */
  content: z.string(),
  hash: z.string(),
});
export type AuditEntry = z.infer<typeof auditEntry>;

export const auditHead = z.object({ sequence: z.number().int().nonnegative(), hash: sha256Hex });

const list = (service: StateWriter) =>
  defineRequest(
    service,
    'list-audit',
    z.object({ after: z.number().int().nonnegative().default(0), limit: z.number().int().min(1).max(1_000) }),
    z.object({ entries: z.array(auditEntry) }),
    20_000,
  );
const find = (service: StateWriter) =>
  defineRequest(
    service,
    'find-audit',
    z.object({
      /** With milliseconds, in UTC; `until` is exclusive. */
      since: timestamp.optional(),
      until: timestamp.optional(),
      actor: z.string().optional(),
      operation: z.string().optional(),
      entity: z.string().optional(),
      table: z.string().optional(),
      /** The entry after which the page goes on; `at` is empty where the entry does not say it. */
      before: z.object({ at: z.string(), sequence: z.number().int().nonnegative() }).optional(),
      limit: z.number().int().min(1).max(1_000),
    }),
    z.object({
      /** Newest first. */
      entries: z.array(auditEntry.extend({ at: z.string() })),
      /** There are more behind the last. */
      more: z.boolean(),
    }),
    20_000,
  );
const head = (service: StateWriter) => defineRequest(service, 'get-audit-head', empty, auditHead);

/** Each service with tables has a chain of its own. */
export const listAudit = {
  'key-management': list('key-management'),
  authorization: list('authorization'),
  'flow-runtime': list('flow-runtime'),
} as const satisfies Record<StateWriter, unknown>;

export const findAudit = {
  'key-management': find('key-management'),
  authorization: find('authorization'),
  'flow-runtime': find('flow-runtime'),
} as const satisfies Record<StateWriter, unknown>;

export const getAuditHead = {
  'key-management': head('key-management'),
  authorization: head('authorization'),
  'flow-runtime': head('flow-runtime'),
} as const satisfies Record<StateWriter, unknown>;
