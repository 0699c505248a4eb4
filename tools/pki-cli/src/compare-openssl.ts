import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasOpenssl } from './differential/ask-openssl.js';
import { compareVerdicts } from './differential/compare-verdicts.js';
import { SeededRandom } from './seeded-random.js';

/** `npm run compare-openssl -- [COUNT] [SEED]`: judges generated chains with our verifier and with `openssl verify -x509_strict`. */

function main(): number {
  const [count = 2000, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
  if (!hasOpenssl()) {
    console.error('There is no OpenSSL 3 on the PATH to compare with; install one.');
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'compare-openssl-'));
  const differences = new Map<string, { count: number; explanation: string | undefined }>();
  let agreed = 0;
  let unexplained = 0;
  try {
    for (const { fault, ours, openssl, explanation } of compareVerdicts(count, new SeededRandom(seed), folder)) {
      if (explanation === 'agree') {
        agreed++;
        continue;
      }
      if (explanation === undefined) unexplained++;
      const key = `${fault}: ours ${ours}, openssl ${openssl}`;
      differences.set(key, { count: (differences.get(key)?.count ?? 0) + 1, explanation });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  console.log(
    `${count} chains, seed ${seed}: ${agreed} agree, ${count - agreed - unexplained} differ as explained, ${unexplained} differ unexplained`,
  );
  for (const [key, { count: times, explanation }] of differences)
    console.log(`${String(times).padStart(5)}  ${key}: ${explanation ?? 'UNEXPLAINED'}`);
  return unexplained === 0 ? 0 : 1;
}

process.exitCode = main();
