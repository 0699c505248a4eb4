import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(10 * 512);
let used = pool.length;
let prefixTime = -1;
let prefix = '';

/**
 * A UUID of version 7 (RFC 9562 §5.7): it begins with its time, so that entries made together lie together in an index, and
 * the partition of an entry can be told from its id.
 * @param time milliseconds since 1970
 */
export function messageId(time: number): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.toString('hex', used, (used += 10));
  // Many messages have one millisecond.
  if (time !== prefixTime) {
    const milliseconds = time.toString(16).padStart(12, '0');
    prefix = `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}-7`;
    prefixTime = time;
  }
  const variant = '89ab'.charAt(random.charCodeAt(3) & 3);
  return `${prefix}${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}

/** The time of an id, in milliseconds since 1970; undefined when it is not one of those. */
export function timeOfMessageId(id: string): number | undefined {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)
    ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
    : undefined;
}
