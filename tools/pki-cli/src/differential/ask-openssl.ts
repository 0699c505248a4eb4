import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePem } from '@sluice/pki';
import { testTime } from '@sluice/pki/testing';
import { type GeneratedChain } from './generate-chain.js';

export interface OpensslVerdict {
  readonly valid: boolean;
  /** What it printed about the first error. */
  readonly reason: string;
}

/** Whether an `openssl` of version 3 is on the PATH. */
export function hasOpenssl(): boolean {
  return /^OpenSSL 3/.test(spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout ?? '');
}

/** Has `openssl verify` judge the chain with strict flags, at the same time and for the same purpose. */
export function askOpenssl(chain: GeneratedChain, folder: string): OpensslVerdict {
  const write = (name: string, label: string, ders: readonly Uint8Array[]): string => {
    const path = join(folder, name);
    writeFileSync(path, ders.map((der) => encodePem(der, label)).join(''));
    return path;
  };
  const roots = write('roots.pem', 'CERTIFICATE', chain.roots);
  const pool = chain.pool.length === 0 ? [] : ['-untrusted', write('pool.pem', 'CERTIFICATE', chain.pool)];
  const crls =
    chain.crls === undefined
      ? []
      : [
          '-crl_check_all',
          '-extended_crl',
          ...(chain.crls.length === 0 ? [] : ['-CRLfile', write('crls.pem', 'X509 CRL', chain.crls)]),
        ];
  const policies = chain.explicitPolicy === undefined ? [] : ['-policy', chain.explicitPolicy, '-explicit_policy'];
  const leaf = write('leaf.pem', 'CERTIFICATE', [chain.leaf]);
  // Level 2 is 112 bits: RSA from 2048 bits, no SHA-1, as our policy.
  const flags = [
    '-x509_strict',
    '-check_ss_sig',
    '-policy_check',
    '-auth_level',
    '2',
    '-purpose',
    'sslclient',
    '-attime',
    String(testTime / 1000),
    '-no-CApath',
    '-no-CAstore',
  ];
  const { status, stderr } = spawnSync(
    'openssl',
    ['verify', ...flags, '-CAfile', roots, ...pool, ...crls, ...policies, leaf],
    { encoding: 'utf8' },
  );
  const reason = /error \d+ at \d+ depth lookup: (.*)/.exec(stderr)?.[1] ?? stderr.trim().split('\n')[0] ?? '';
  return { valid: status === 0, reason };
}
