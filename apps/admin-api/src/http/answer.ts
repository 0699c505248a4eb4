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
  { propagation }: { propagation?: 'published' | 'pending' },
): { propagation: 'pending' } | undefined {
  reply.status(propagation === 'pending' ? 202 : 204);
  return propagation === 'pending' ? { propagation } : undefined;
}
