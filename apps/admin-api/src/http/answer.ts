import { findUnstorableText, invalidArgument, type FieldViolation } from '@sluice/domain';
import type { Reply } from './problem-filter.js';

/** The status of a change's answer: 202 while it is committed but not yet on the bus. */
export function answerChange<Body extends { propagation: 'published' | 'pending' }>(
  reply: Reply,
  status: number,
  body: Body,
): Body {
  reply.status(body.propagation === 'pending' ? 202 : status);
  return body;
}

/** A deletion has no body, unless it is still on its way. */
export function answerDeletion(
  reply: Reply,
  { propagation }: { propagation: 'published' | 'pending' },
): { propagation: 'pending' } | undefined {
  reply.status(propagation === 'pending' ? 202 : 204);
  return propagation === 'pending' ? { propagation } : undefined;
}

/** @throws SluiceError `invalid-argument` when the body is not a JSON object, or holds text that cannot be stored */
export function objectBody(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body) && !Buffer.isBuffer(body)) {
    const violations = findUnstorableText(body);
    if (violations.length > 0) throw invalidArgument(violations);
    return body as Record<string, unknown>;
  }
  throw invalidArgument([{ field: 'body', message: 'must be a JSON object (content-type: application/json)' }]);
}

/** @throws SluiceError `invalid-argument` naming members the call does not know, which are most often misspelt ones */
export function onlyMembers(body: Record<string, unknown>, known: readonly string[]): Record<string, unknown> {
  const violations: FieldViolation[] = Object.keys(body)
    .filter((name) => !known.includes(name))
    .map((name) => ({ field: name, message: `is not known here; known are ${known.join(', ')}` }));
  if (violations.length > 0) throw invalidArgument(violations);
  return body;
}

export interface PageQuery {
  readonly limit?: string;
  readonly after?: string;
}

/** @throws SluiceError `invalid-argument` */
export function readPage(query: PageQuery): { limit: number; after?: string } {
  const limit = query.limit === undefined ? 100 : Number(query.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
    throw invalidArgument([{ field: 'limit', message: 'must be a whole number from 1 to 1000' }]);
  }
  return { limit, ...(query.after === undefined ? {} : { after: query.after }) };
}
