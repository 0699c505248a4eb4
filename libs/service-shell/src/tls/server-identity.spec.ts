import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TemporaryFolder, TestAuthority, type TestCertificate } from '@sluice/testing';
import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FollowedFiles } from '../followed-files.js';
import { readServerIdentity, type ServerIdentityFiles } from './server-identity.js';

const day = 86_400_000;

describe('the files of a server certificate', () => {
  const folder = new TemporaryFolder('server-identity');
  const pair = { certificateFile: join(folder.path, 'server.pem'), keyFile: join(folder.path, 'server.key') };
  let root: TestAuthority;
  let first: TestCertificate;
  let second: TestCertificate;
  const faults: string[] = [];
  let now = Date.now();

  beforeAll(async () => {
    root = await TestAuthority.root({ subject: 'CN=Server Root' });
    const issue = () => root.leaf({ subject: 'CN=localhost', extendedKeyUsage: ['serverAuth'] });
    [first, second] = [await issue(), await issue()];
  });
  beforeEach(() => put(first));
  afterEach(() => void faults.splice(0));
  afterAll(() => folder.remove());

  function put({ chainPem, key }: TestCertificate): void {
    writeFileSync(pair.certificateFile, chainPem);
    writeFileSync(pair.keyFile, key.pem);
  }
  const follow = (files: ServerIdentityFiles = pair) =>
    new FollowedFiles(
      () => readServerIdentity(files, now),
      'server certificate',
      (error) => faults.push(String(error)),
    );

  it('are read again when they were replaced', () => {
    const files = follow();
    expect(files.check()).toBe(false);
    put(second);
    expect(files.check()).toBe(true);
    expect(files.value.certificateChain).toBe(second.chainPem);
    expect(files.check()).toBe(false);
  });

  it('may be links to a folder that is exchanged', () => {
    const link = join(folder.path, 'link.pem');
    symlinkSync(pair.certificateFile, link);
    const files = follow({ ...pair, certificateFile: link });
    const part = join(folder.path, 'part.pem');
    writeFileSync(part, second.chainPem);
    renameSync(part, pair.certificateFile);
    writeFileSync(pair.keyFile, second.key.pem);
    expect(files.check()).toBe(true);
    rmSync(link);
  });

  it('leave the one before in its place while key and certificate do not fit, and say so once', () => {
    const files = follow();
    writeFileSync(pair.keyFile, second.key.pem);
    expect([files.check(), files.check()]).toEqual([false, false]);
    expect(files.value.certificateChain).toBe(first.chainPem);
    expect(faults).toEqual([expect.stringContaining('is not that of the certificate')]);
    writeFileSync(pair.certificateFile, second.chainPem);
    expect(files.check()).toBe(true);
  });

  it.each([
    ['gone', () => rmSync(pair.certificateFile), 'cannot be read'],
    ['empty', () => writeFileSync(pair.certificateFile, ''), 'is not a certificate'],
    [
      'cut off',
      () => writeFileSync(pair.certificateFile, readFileSync(pair.certificateFile, 'utf8').slice(0, 200)),
      'PEM',
    ],
    ['without its key', () => writeFileSync(pair.keyFile, 'x'), 'is not a private key'],
  ])('keep what was when one is %s, and refuse to start so', (_how, spoil, sentence) => {
    const files = follow();
    spoil();
    expect(files.check()).toBe(false);
    expect(files.value.certificateChain).toBe(first.chainPem);
    expect(faults).toEqual([expect.stringContaining(sentence)]);
    expect(follow).toThrow(sentence);
  });

  it('keep what was when the new certificate has ended already', () => {
    const files = follow();
    put(second);
    now += 400 * day;
    expect(files.check()).toBe(false);
    expect(faults).toEqual([expect.stringContaining('ended at')]);
    now -= 400 * day;
  });
});
