import { describe, expect, it } from '@jest/globals';
import { violationsOf } from '../operation/violations.js';
import { revocationPolicy } from './revocation-policy.js';

const broken = (given: unknown) => {
  const { error } = revocationPolicy.safeParse(given);
  return error ? violationsOf(error) : [];
};

describe('a revocation policy', () => {
  it('has defaults that refuse who cannot be shown not to be revoked', () => {
    const defaults = { failure: 'hard', scope: 'all', clockSkewSeconds: 0, crls: [], issuerCertificates: [] };
    expect(revocationPolicy.parse({})).toEqual(defaults);
    expect(revocationPolicy.parse({ crls: [{ url: 'http://crl.example/a.crl' }], ocsp: {} })).toEqual({
      ...defaults,
      crls: [{ url: 'http://crl.example/a.crl', refreshSeconds: 3_600 }],
      ocsp: { nonce: 'optional', timeoutMilliseconds: 500 },
    });
  });

  it('names every fault of a request', () => {
    expect(
      broken({
        failure: 'medium',
        clockSkewSeconds: -1,
        crls: [{ url: 'ftp://crl.example/' }, { url: 'http://user@crl.example/', refreshSeconds: 1 }],
        issuerCertificates: [7],
        ocsp: { nonce: 'maybe', timeoutMilliseconds: 60_000 },
        crl: [],
      }).map(({ field }) => field),
    ).toEqual([
      'failure',
      'clockSkewSeconds',
      'crls[0].url',
      'crls[1].url',
      'crls[1].refreshSeconds',
      'issuerCertificates[0]',
      'ocsp.nonce',
      'ocsp.timeoutMilliseconds',
      'crl',
    ]);
  });

  it('refuses one URL twice, and what is no object', () => {
    const twice = [{ url: 'http://crl.example/a' }, { url: 'http://crl.example/a' }];
    expect(broken({ crls: twice })).toEqual([{ field: 'crls', message: 'names a url twice' }]);
    expect(broken(null)).toEqual([{ field: 'body', message: 'must be an object' }]);
  });
});
