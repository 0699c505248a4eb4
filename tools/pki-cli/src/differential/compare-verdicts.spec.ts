import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../seeded-random.js';
import { hasOpenssl } from './ask-openssl.js';
import { compareVerdicts } from './compare-verdicts.js';
import { faults } from './generate-chain.js';

const available = hasOpenssl();
if (!available) console.warn('There is no OpenSSL 3 on the PATH: the comparison with it is skipped.');

describe('our verdict and that of openssl verify -x509_strict', () => {
  // In CI nothing is skipped: without it the test fails.
  (available || process.env['CI'] === 'true' ? it : it.skip)(
    'agree on three chains of every fault, or differ for a reason that is written down',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'compare-openssl-'));
      try {
        const compared = [...compareVerdicts(Object.keys(faults).length * 3, new SeededRandom(5280), folder)];
        expect(compared.filter(({ explanation }) => explanation === undefined)).toEqual([]);
        // Both must have been asked in earnest: plenty of each verdict.
        expect(compared.filter(({ ours }) => ours === 'valid').length).toBeGreaterThan(40);
        expect(compared.filter(({ ours }) => ours !== 'valid').length).toBeGreaterThan(100);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    120_000,
  );
});
