import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

interface Cost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

const derive = promisify<string, Buffer, number, Cost & { maxmem: number }, Buffer>(scrypt);
const maxmem = 64 * 1024 * 1024;
const length = 32;

/** OWASP's scrypt parameters; they stand in the hash, so that they can be raised later. */
const cost: Cost = { N: 2 ** 15, r: 8, p: 3 };

/** Characters of a secret as we make them: 256 random bits in base64url. */
export function makeSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Ends when the derivation before has. */
let made: Promise<unknown> = Promise.resolve();

/**
 * Hashes a new secret. Derived in libuv's threads, so the event loop goes on; one at a time, for those threads are few, and connections
 * are made by them too.
 * @param like a hash of another secret of the same key, whose salt and cost are taken: so one derivation tells whether a secret is any
 * of them, and how long a wrong one takes does not depend on how many there are. Secrets are random, so none can be recognized by it.
 * @returns `scrypt$N$r$p$salt$hash`, salt and hash in base64url
 */
export function hashSecret(secret: string, like?: string): Promise<string> {
  const scheme = like === undefined ? newScheme() : schemeOf(like);
  const hash = made.then(() => deriveBy(scheme, secret));
  made = hash.catch(() => undefined);
  return hash;
}

async function deriveBy(scheme: string, secret: string): Promise<string> {
  const { N, r, p, salt } = parseScheme(scheme);
  const hash = await derive(secret, salt, length, { N, r, p, maxmem });
  return `${scheme}$${hash.toString('base64url')}`;
}

function newScheme(): string {
  return ['scrypt', cost.N, cost.r, cost.p, randomBytes(16).toString('base64url')].join('$');
}

/** All of a hash but its last part. */
function schemeOf(hash: string): string {
  return hash.slice(0, hash.lastIndexOf('$'));
}

function parseScheme(scheme: string): Cost & { salt: Buffer } {
  const [name, N, r, p, salt] = scheme.split('$');
  if (name !== 'scrypt' || salt === undefined)
    throw new Error('A secret is hashed in a way this version does not know.');
  return { N: Number(N), r: Number(r), p: Number(p), salt: Buffer.from(salt, 'base64url') };
}

/** What a secret is derived against where there is none, so that this takes as long. */
const absentScheme = newScheme();

/**
 * Finds the one a secret belongs to. Whoever calls it sees to it that few do at once. It is derived at least once, whether there is any hash or none.
 * @param hashes that stand for secrets of one key, as a rule all with one salt
 * @returns its index, or -1
 */
export async function matchSecret(
  secret: string,
  hashes: readonly string[],
  derived: typeof deriveBy = deriveBy,
): Promise<number> {
  const schemes = new Set(hashes.map(schemeOf));
  if (schemes.size === 0) schemes.add(absentScheme);
  let found = -1;
  for (const scheme of schemes) {
    const given = Buffer.from(await derived(scheme, secret));
    for (const [index, hash] of hashes.entries()) {
      const stored = Buffer.from(hash);
      if (stored.length === given.length && timingSafeEqual(stored, given)) found = index;
    }
  }
  return found;
}
