import { describe, expect, it } from '@jest/globals';
import { foldHostName, hostNameOf } from './virtual-hosts.js';

describe('host names', () => {
  it.each([
    ['localhost', 'localhost'],
    ['LocalHost:8443', 'localhost'],
    ['a.example.', 'a.example'],
    ['a.example.:443', 'a.example'],
    ['127.0.0.1:8443', '127.0.0.1'],
    ['[::1]:8443', '::1'],
    ['[::1]', '::1'],
    ['a.example:', 'a.example'],
    ['', ''],
  ])('in the header "%s" is "%s"', (header, name) => expect(hostNameOf(header)).toBe(name));

  it.each(['a:b', 'a.example:80:90', '[::1', 'user@a.example:x'])(
    'in the header "%s" is none there could be',
    (header) => expect(hostNameOf(header)).toBe(header),
  );

  it('loses one dot at the end, and no more', () => expect(foldHostName('a.example..')).toBe('a.example.'));
});
