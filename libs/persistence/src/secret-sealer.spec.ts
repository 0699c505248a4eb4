import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { SecretSealer } from './secret-sealer.js';

const sealer = new SecretSealer(randomBytes(32));
const secret = Buffer.from('a private key');

describe('a sealed secret', () => {
  it('opens for its owner', () => {
    expect(sealer.open(sealer.seal(secret, 'ca:1'), 'ca:1')).toEqual(secret);
  });

  it('does not open for another owner, so it cannot be moved to another row', () => {
    const sealed = sealer.seal(secret, 'ca:1');
    expect(() => sealer.open(sealed, 'ca:2')).toThrow();
  });

  it('does not open under another master key, and says which file to look at', () => {
    const sealed = sealer.seal(secret, 'ca:1');
    expect(() => new SecretSealer(randomBytes(32)).open(sealed, 'ca:1')).toThrow('another master key');
  });

  it('does not open when any one byte of it was changed', () => {
    const sealed = sealer.seal(secret, 'ca:1');
    for (let index = 0; index < sealed.length; index++) {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] as number) ^ 1;
      expect(() => sealer.open(changed, 'ca:1')).toThrow();
    }
  });

  it('is another each time, and holds nothing of the secret', () => {
    const sealed = sealer.seal(secret, 'ca:1');
    expect(sealed.equals(sealer.seal(secret, 'ca:1'))).toBe(false);
    expect(sealed.includes(secret)).toBe(false);
  });

  it('of megabytes is the same in many turns of the event loop, and does not open when its last byte was changed', async () => {
    const large = randomBytes(3_000_001);
    let turns = 0;
    let going = true;
    const turn = () => {
      turns++;
      if (going) setImmediate(turn);
    };
    turn();
    const sealed = await sealer.sealInTurns(large, 'ca:1');
    expect(turns).toBeGreaterThanOrEqual(11);
    expect(sealer.open(sealed, 'ca:1').equals(large)).toBe(true);
    turns = 0;
    expect((await sealer.openInTurns(sealer.seal(large, 'ca:1'), 'ca:1')).equals(large)).toBe(true);
    expect(turns).toBeGreaterThanOrEqual(11);
    going = false;
    sealed[sealed.length - 1] = (sealed[sealed.length - 1] as number) ^ 1;
    await expect(sealer.openInTurns(sealed, 'ca:1')).rejects.toThrow();
    expect(await sealer.openInTurns(await sealer.sealInTurns(secret, 'ca:1'), 'ca:1')).toEqual(secret);
    await expect(sealer.openInTurns(await sealer.sealInTurns(secret, 'ca:1'), 'ca:2')).rejects.toThrow();
  });

  it('needs a master key of 32 bytes', () => {
    expect(() => new SecretSealer(randomBytes(16))).toThrow('32 bytes');
  });
});
