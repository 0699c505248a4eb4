import { describe, expect, it } from '@jest/globals';
import { readRevocationPolicy } from './revocation-policy.js';

describe('a revocation policy', () => {
  it('has defaults that refuse who cannot be shown not to be revoked', () => {
    expect(readRevocationPolicy({})).toEqual({
      policy: { failure: 'hard', scope: 'all', clockSkewSeconds: 0, crls: [], issuerCertificates: [] },
    });
    expect(readRevocationPolicy({ crls: [{ url: 'http://crl.example/a.crl' }], ocsp: {} })).toEqual({
      policy: {
        failure: 'hard',
        scope: 'all',
        clockSkewSeconds: 0,
        crls: [{ url: 'http://crl.example/a.crl', refreshSeconds: 3_600 }],
        issuerCertificates: [],
        ocsp: { nonce: 'optional', timeoutMilliseconds: 500 },
      },
    });
  });

  it('names every fault of a request', () => {
    const read = readRevocationPolicy({
      failure: 'medium',
      clockSkewSeconds: -1,
      crls: [{ url: 'ftp://crl.example/' }, { url: 'http://user@crl.example/', refreshSeconds: 1 }],
      issuerCertificates: [7],
      ocsp: { nonce: 'maybe', timeoutMilliseconds: 60_000 },
      crl: [],
    });
    expect('violations' in read && read.violations.map(({ field }) => field)).toEqual([
      'crl',
      'failure',
      'clockSkewSeconds',
      'crls[0].url',
      'crls[1].url',
      'crls[1].refreshSeconds',
      'issuerCertificates[0]',
      'ocsp.nonce',
      'ocsp.timeoutMilliseconds',
    ]);
  });

  it('refuses one URL twice, and what is no object', () => {
    const twice = [{ url: 'http://crl.example/a' }, { url: 'http://crl.example/a' }];
    expect(readRevocationPolicy({ crls: twice })).toMatchObject({ violations: [{ message: 'names a url twice' }] });
    expect(readRevocationPolicy(null)).toMatchObject({ violations: [{ field: 'body' }] });
  });
});
