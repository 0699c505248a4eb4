import type { Reply } from './problem-filter.js';

/** Puts the tag of what an answer is about into its header. @returns the answer without it */
export function answerTagged<Body extends { etag?: string | undefined }>(
  reply: Reply,
  { etag, ...body }: Body,
): Omit<Body, 'etag'> {
  if (etag !== undefined) reply.header('etag', `"${etag}"`);
  return body;
}

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
  { propagation }: { propagation?: 'published' | 'pending' },
): { propagation: 'pending' } | undefined {
  reply.status(propagation === 'pending' ? 202 : 204);
  return propagation === 'pending' ? { propagation } : undefined;
}
