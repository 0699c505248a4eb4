import { afterAll, describe, expect, it } from '@jest/globals';
import { SecretSealer } from '@sluice/persistence';
import { TemporaryFolder } from '@sluice/testing';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { followMasterKeys } from './follow-master-keys.js';

const secret = Buffer.from('a private key');

describe('a master key file', () => {
  const folder = new TemporaryFolder('master-key');
  const file = join(folder.path, 'master.key');
  const [older, newer] = [randomBytes(32), randomBytes(32)];
  const put = (...keys: Buffer[]) => writeFileSync(file, keys.map((key) => `${key.toString('base64')}\n`).join(''));
  const faults: string[] = [];
  const fromFile = () => new SecretSealer(followMasterKeys(file, (error) => void faults.push(String(error))));
  const sealedUnder = (key: Buffer) => new SecretSealer(key).seal(secret, 'ca:1');

  afterAll(() => folder.remove());

  it('may hold several keys: the first seals, all open', () => {
    put(newer, older);
    const sealer = fromFile();
    expect(sealer.open(sealedUnder(older), 'ca:1')).toEqual(secret);
    expect(new SecretSealer(newer).open(sealer.seal(secret, 'ca:1'), 'ca:1')).toEqual(secret);
  });

  it('is read again for what was sealed under a key that was added since', () => {
    put(older);
    const sealer = fromFile();
    put(newer, older);
    expect(sealer.open(sealedUnder(newer), 'ca:1')).toEqual(secret);
    expect(sealer.keyIds).toHaveLength(2);
  });

  it('no longer opens with a key that was removed', () => {
    put(newer, older);
    const sealer = fromFile();
    put(newer);
    expect(sealer.check()).toBe(true);
    expect(() => sealer.open(sealedUnder(older), 'ca:1')).toThrow('another master key');
  });

  it.each([
    ['empty', ''],
    ['half written', `${newer.toString('base64').slice(0, 20)}\n`],
  ])('that is %s changes nothing in a process that runs, and starts none', (_how, content) => {
    put(older);
    const sealer = fromFile();
    writeFileSync(file, content);
    expect(sealer.check()).toBe(false);
    expect(sealer.open(sealedUnder(older), 'ca:1')).toEqual(secret);
    expect(faults.splice(0)).toHaveLength(1);
    expect(fromFile).toThrow('master key');
  });
});
