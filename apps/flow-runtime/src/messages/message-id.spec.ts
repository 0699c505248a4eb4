import { describe, expect, it } from '@jest/globals';
import { messageId, timeOfMessageId } from './message-id.js';

describe('the id of a message', () => {
  it('is a UUID of version 7 and tells its time', () => {
    const time = Date.parse('2026-11-24T10:00:00.123Z');
    const id = messageId(time);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(timeOfMessageId(id)).toBe(time);
    expect(timeOfMessageId('6f1a3d52-7d0c-4a53-8f0e-3d0f1c5d1a11')).toBeUndefined();
  });

  it('is another one each time, and sorts by time', () => {
    const ids = Array.from({ length: 20_000 }, () => messageId(1_764_000_000_000));
    expect(new Set(ids).size).toBe(ids.length);
    expect(messageId(1_764_000_000_001) > (ids[0] as string)).toBe(true);
  });
});
