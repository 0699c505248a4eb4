import { describe, expect, it } from '@jest/globals';
import { accessRefusalCodes, refuseAccess } from './access-refusal.js';

describe('refuseAccess', () => {
  it('tells for every code the rule it rests on and a whole sentence with the next step', () => {
    for (const code of accessRefusalCodes) {
      const refusal = refuseAccess(code);
      expect(refusal.code).toBe(code);
      expect(refusal.rfc).toMatch(/^RFC \d+ /);
      expect(refusal.sentence).toMatch(/^[A-Z].{20,}[;:.,] .*(get|send|use|create|wait|look)/is);
      expect(refusal.sentence).toMatch(/\.$/);
    }
  });

  it('names the facts at fault', () => {
    expect(refuseAccess('secret-retired', { key: 'shop', endedAt: 'now' }).sentence).toContain('shop was rotated');
  });
});
