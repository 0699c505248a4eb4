import { describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { selfSigned, TestAuthority } from './test-authority.js';
import { testKey, testKeyTypes } from './test-key.js';

describe('the test certificate authority', () => {
  it.each(testKeyTypes)('makes a chain of %s keys that node:crypto verifies', async (keyType) => {
    const root = await TestAuthority.root({ subject: 'CN=Root,O=Test', keyType });
    const issuing = await root.intermediate({ subject: 'CN=Issuing,O=Test', keyType, pathLength: 0 });
    const leaf = await issuing.leaf({ subject: 'CN=shop,OU=a,O=Test', keyType });
    expect(leaf.chain).toHaveLength(3);
    const [a, b, c] = leaf.chain.map(({ pem }) => new X509Certificate(pem)) as [
      X509Certificate,
      X509Certificate,
      X509Certificate,
    ];
    expect(a.verify(b.publicKey) && b.verify(c.publicKey) && c.verify(c.publicKey)).toBe(true);
    expect(a.checkIssued(b) && b.checkIssued(c)).toBe(true);
    expect([a.ca, b.ca, c.ca]).toEqual([false, true, true]);
    expect(a.checkPrivateKey(leaf.key.privateKey)).toBe(true);
    expect(a.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(leaf.sha256);
    // Node prints names in the order of their encoding, which is the reverse of RFC 4514.
    expect(a.subject).toBe('O=Test\nOU=a\nCN=shop');
  });

  it('makes what it is told: times, serial number, usages and names', async () => {
    const root = await TestAuthority.root({ subject: 'CN=Root' });
    const leaf = await root.leaf({
      subject: 'CN=server',
      notBefore: new Date('2026-01-01T00:00:00Z'),
      notAfter: new Date('2026-02-01T00:00:00Z'),
      serialNumber: '0123456789abcdef',
      extendedKeyUsage: ['serverAuth', 'emailProtection'],
      subjectAltNames: ['localhost', '127.0.0.1', 'a@example.org'],
    });
    const certificate = new X509Certificate(leaf.pem);
    expect(certificate.validFromDate.toISOString()).toBe('2026-01-01T00:00:00.000Z');
    expect(certificate.validToDate.toISOString()).toBe('2026-02-01T00:00:00.000Z');
    expect(certificate.serialNumber.toLowerCase()).toContain('123456789abcdef');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.4']);
    expect(certificate.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, email:a@example.org');
  });

  it('leaves the extended key usage out when it is empty', async () => {
    const leaf = await selfSigned({ subject: 'CN=none', extendedKeyUsage: [] });
    expect(new X509Certificate(leaf.pem).keyUsage).toBeUndefined();
    expect(leaf.root).toBe(leaf);
  });

  it('gives certificates of one key the same public key, and other certificates another', async () => {
    const root = await TestAuthority.root({ subject: 'CN=Root' });
    const key = testKey('P-256');
    const [a, b] = [await root.leaf({ subject: 'CN=a', key }), await root.leaf({ subject: 'CN=b', key })];
    expect(b.key.pem).toBe(a.key.pem);
    expect(b.sha256).not.toBe(a.sha256);
    expect((await root.leaf({ subject: 'CN=c' })).key.pem).not.toBe(a.key.pem);
    expect(testKey('RSA-2048').pem).not.toBe(testKey('RSA-2048').pem);
    expect(testKey('P-256', 'kept')).toBe(testKey('P-256', 'kept'));
  });
});
