// cspell:ignore nokeys nocerts
import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { makeCertificate } from '../testing/make-certificate.js';
import { buildPkcs12 } from './build-pkcs12.js';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
// In CI nothing is skipped: without it the tests fail.
const withOpenssl = hasOpenssl || process.env['CI'] === 'true' ? it : it.skip;

const ca = makeCertificate({ subject: 'CN=CA', ca: true });
const leaf = makeCertificate({ subject: 'CN=shop', issuer: ca });
const content = (password: string) => ({
  privateKey: new Uint8Array(leaf.key.privateKey.export({ type: 'pkcs8', format: 'der' })),
  certificates: [leaf.der, ca.der],
  friendlyName: 'shop',
  password,
});

describe('a PKCS#12 file', () => {
  it.each(['correct horse', 'Zürich', ''])('is opened by the password %j and by no other', async (password) => {
    const pfx = Buffer.from(await buildPkcs12(content(password)));
    expect(() => createSecureContext({ pfx, passphrase: password })).not.toThrow();
    expect(() => createSecureContext({ pfx, passphrase: `${password}x` })).toThrow(/mac verify failure/);
  });

  withOpenssl('holds the key, the leaf under its name, and the chain, under AES-256 and SHA-256', async () => {
    const input = await buildPkcs12(content('correct horse'));
    const openssl = (...args: string[]) =>
      spawnSync('openssl', ['pkcs12', '-password', 'pass:correct horse', ...args], { input, encoding: 'utf8' });
    const info = openssl('-info', '-nodes');
    expect(info.stderr).toMatch(/MAC: sha256, Iteration 100000/);
    expect(info.stderr).toMatch(/PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256/);
    expect(info.stdout.match(/-----BEGIN CERTIFICATE-----/g)).toHaveLength(2);
    // By the same key id, a client finds the certificate that belongs to the key.
    expect(openssl('-nokeys').stdout).toMatch(
      /^Bag Attributes\s+friendlyName: shop\s+localKeyID: 01\s+subject=CN ?= ?shop\n/,
    );
    expect(openssl('-nocerts', '-nodes').stdout).toMatch(/^Bag Attributes\s+friendlyName: shop\s+localKeyID: 01/);
    const [pem = ''] = /-----BEGIN PRIVATE KEY-----[^]*-----END PRIVATE KEY-----/.exec(info.stdout) ?? [];
    expect(createPrivateKey(pem).equals(leaf.key.privateKey)).toBe(true);
  });
});
