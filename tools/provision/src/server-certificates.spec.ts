import { afterAll, describe, expect, it } from '@jest/globals';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepServerCertificates } from './server-certificates.js';
import { readServerNames } from './server-names.js';

const day = 86_400_000;
const now = Date.UTC(2026, 0, 1);

describe('the certificate of the flow endpoints', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-server-certificates-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const keep = async (names: string, at: number) => {
    await keepServerCertificates(folder, readServerNames('NAMES', names), at);
    const certificate = new X509Certificate(readFileSync(join(folder, 'server.pem')));
    const key = createPrivateKey(readFileSync(join(folder, 'server.key')));
    expect(certificate.checkPrivateKey(key)).toBe(true);
    expect(certificate.verify(new X509Certificate(readFileSync(join(folder, 'server-root.pem'))).publicKey)).toBe(true);
    return certificate;
  };

  it('is kept while it has more than 30 days left, and renewed by the same CA before it ends', async () => {
    const first = await keep('', now);
    expect((await keep('', now + 330 * day)).fingerprint256).toBe(first.fingerprint256);
    const renewed = await keep('', now + 336 * day);
    expect(renewed.fingerprint256).not.toBe(first.fingerprint256);
    expect(renewed.validToDate.getTime()).toBeGreaterThan(now + 700 * day);
    expect(renewed.publicKey.equals(first.publicKey)).toBe(false);
  });

  it('has every configured name, and is issued anew when one is added', async () => {
    const before = await keep('', now);
    const after = await keep('orders.example,*.eu.example,10.0.0.7', now);
    expect(after.fingerprint256).not.toBe(before.fingerprint256);
    for (const name of ['localhost', 'orders.example', 'a.eu.example']) expect(after.checkHost(name)).toBeDefined();
    expect(after.checkIP('10.0.0.7')).toBeDefined();
    expect((await keep('orders.example,*.eu.example,10.0.0.7', now)).fingerprint256).toBe(after.fingerprint256);
  });
});
