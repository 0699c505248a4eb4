import { describe, expect, it } from '@jest/globals';
import { makeCertificate } from '../testing/make-certificate.js';
import { CertificateCache } from './certificate-cache.js';
import { MalformedCertificate } from './certificate.js';

const ca = makeCertificate({ subject: 'CN=CA', ca: true });

describe('CertificateCache', () => {
  it('gives one object for one CA certificate, whatever becomes of the bytes it came in', () => {
    const cache = new CertificateCache();
    const bytes = ca.der.slice();
    const first = cache.parse(bytes);
    bytes.fill(0);
    expect(cache.parse(ca.der)).toBe(first);
    expect(first.der).toEqual(ca.der);
  });

  it('does not keep what is no CA', () => {
    const leaf = makeCertificate({ subject: 'CN=leaf', issuer: ca });
    const cache = new CertificateCache();
    expect(cache.parse(leaf.der)).not.toBe(cache.parse(leaf.der));
  });

  it('forgets what is not used, and keeps what is', () => {
    const cache = new CertificateCache(2);
    const kept = cache.parse(ca.der);
    const others = Array.from({ length: 6 }, (_, index) => makeCertificate({ subject: `CN=CA ${index}`, ca: true }));
    const [forgotten] = others.map((other) => {
      const parsed = cache.parse(other.der);
      expect(cache.parse(ca.der)).toBe(kept);
      return parsed;
    });
    expect(cache.parse((others[0] as (typeof others)[0]).der)).not.toBe(forgotten);
  });

  it('refuses what is malformed', () => {
    expect(() => new CertificateCache().parse(Uint8Array.of(1))).toThrow(MalformedCertificate);
  });
});
