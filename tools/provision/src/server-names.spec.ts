import { describe, expect, it } from '@jest/globals';
import { readServerNames } from './server-names.js';

describe('the names of a server', () => {
  it('are localhost and those that are given, folded and once', () => {
    expect(readServerNames('NAMES', 'Orders.Example., 10.0.0.7 ,orders.example,*.eu.example,localhost')).toEqual({
      dnsNames: ['localhost', 'orders.example', '*.eu.example'],
      ipAddresses: ['127.0.0.1', '::1', '10.0.0.7'],
    });
    expect(readServerNames('NAMES', '')).toEqual({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1', '::1'] });
  });

  it.each(['a b', 'https://a.example', 'a.example:8443', '-a', 'a..b', '*.*.example'])('are not "%s"', (name) =>
    expect(() => readServerNames('NAMES', `a.example,${name}`)).toThrow(`NAMES must be host names or IP addresses`),
  );
});
