import { describe, expect, it } from '@jest/globals';
import { SignatureCache } from './signature-cache.js';

describe('SignatureCache', () => {
  it('tells pairs it was given from others', () => {
    const cache = new SignatureCache();
    cache.add('a', 'b');
    expect(cache.has('a', 'b')).toBe(true);
    expect(cache.has('b', 'a')).toBe(false);
  });

  it('stays within two generations and keeps what is used', () => {
    const cache = new SignatureCache(10);
    cache.add('kept', 'key');
    for (let index = 0; index < 1000; index++) {
      cache.add(`certificate ${index}`, 'key');
      expect(cache.has('kept', 'key')).toBe(true);
      expect(cache.size).toBeLessThanOrEqual(20);
    }
    expect(cache.has('certificate 0', 'key')).toBe(false);
  });
});
