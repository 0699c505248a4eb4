import { describe, expect, it } from '@jest/globals';
import { hashSecret, makeSecret, matchSecret } from './hash-secret.js';

/** The derivation, counted. */
function counted() {
  const calls: string[] = [];
  const derive = (scheme: string, secret: string) => {
    calls.push(scheme);
    return hashSecret(secret, `${scheme}$`);
  };
  return { calls, derive };
}

describe('the hash of a secret', () => {
  it('finds the one a secret belongs to by one derivation, however many the key has', async () => {
    const [one, two] = [makeSecret(), makeSecret()];
    const first = await hashSecret(one);
    const hashes = [await hashSecret(two, first), first];
    const { calls, derive } = counted();
    expect(await matchSecret(one, hashes, derive)).toBe(1);
    expect(await matchSecret(two, hashes, derive)).toBe(0);
    expect(calls).toHaveLength(2);
  });

  it('costs one derivation where there is nothing to compare with, as much as a wrong secret does', async () => {
    const hashes = [await hashSecret(makeSecret())];
    const [unknown, wrong] = [counted(), counted()];
    expect(await matchSecret('x', [], unknown.derive)).toBe(-1);
    expect(await matchSecret('x', hashes, wrong.derive)).toBe(-1);
    const costOf = ({ calls }: typeof wrong) => calls.map((scheme) => scheme.split('$').slice(0, 4));
    expect(costOf(unknown)).toEqual(costOf(wrong));
    expect(costOf(unknown)).toEqual([['scrypt', '32768', '8', '3']]);
  });

  it('takes the salt of another secret where it is told to, and a new one otherwise', async () => {
    const secret = makeSecret();
    const [one, two] = [await hashSecret(secret), await hashSecret(secret)];
    expect(one).not.toBe(two);
    expect(await hashSecret(secret, one)).toBe(one);
    expect(await matchSecret(secret, [one, two])).toBe(1);
    await expect(hashSecret(secret, 'bcrypt$1$2$3$4$5')).rejects.toThrow(/does not know/);
  });
});
