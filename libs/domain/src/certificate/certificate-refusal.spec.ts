import { describe, expect, it } from '@jest/globals';
import { refusalCodes, refuseCertificate } from './certificate-refusal.js';

describe('refuseCertificate', () => {
  it('tells for every code the rule it rests on and a whole sentence', () => {
    for (const code of refusalCodes) {
      const refusal = refuseCertificate(code, { sha256: '00', subject: 'CN=a' }, {});
      expect(refusal.code).toBe(code);
      expect(refusal.rfc).toMatch(/^RFC \d+ /);
      expect(refusal.sentence).toMatch(/^[A-Z].{20,}\.$/s);
    }
  });

  it('names the certificate and the values at fault', () => {
    const refusal = refuseCertificate(
      'expired',
      { sha256: '00', subject: 'CN=a' },
      { notAfter: '2026-01-01T00:00:00.000Z' },
    );
    expect(refusal).toMatchObject({
      certificate: { subject: 'CN=a' },
      values: { notAfter: '2026-01-01T00:00:00.000Z' },
    });
    expect(refusal.sentence).toContain('CN=a');
    expect(refusal.sentence).toContain('2026-01-01T00:00:00.000Z');
  });
});
