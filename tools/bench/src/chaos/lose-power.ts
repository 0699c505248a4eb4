import { cpSync, readdirSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onChaosStack, recoveryTimeoutMs, untilRecovered, type ChaosStack } from './chaos-stack.js';
import { inflict } from './fault.js';

const copyEveryMs = 4_000;
const oldestCopyMs = 120_000;

interface Copy {
  readonly path: string;
  readonly madeAt: number;
}

/** The same numbers for the same seed (mulberry32). */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const say = (text: string) => process.stdout.write(`${text}\n`);

/**
 * Lets the host of NATS lose its power again and again, under load and changes: the server is killed, and its store comes back as
 * it was up to two minutes before, every second time torn at a random byte of a block. Prints a line for each and the time to heal.
 * @returns how many things happened that must not
 */
export function losePower(times: number, seed: number): Promise<number> {
  return onChaosStack(say, async (stack) => {
    const random = numbersFrom(seed);
    const { facts, traffic, administration, home } = stack;
    const store = join(home, 'nats', 'jetstream');
    const copies: Copy[] = [];
    let copying = true;
    const copier = (async () => {
      for (let count = 0; copying; count++) {
        await sleep(copyEveryMs);
        if (!copying) return;
        copies.push(copyStore(stack, store, count));
        while (copies[0] && performance.now() - copies[0].madeAt > oldestCopyMs) discard(copies.shift());
      }
    })();
    await sleep(copyEveryMs * 2);
    const healed: number[] = [];
    let violations = 0;
    say(`seed ${seed}`);
    for (let turn = 1; turn <= times; turn++) {
      const [copy] = copies.splice(Math.floor(random() * copies.length), 1);
      if (!copy) {
        await sleep(copyEveryMs);
        turn--;
        continue;
      }
      traffic.nextWindow();
      const age = performance.now() - copy.madeAt;
      const torn = random() < 0.5 ? tear(copy.path, random) : undefined;
      const pids = facts().pids['nats-server'] ?? [];
      // Frozen, so that nothing of it is written to the store that is put in its place.
      inflict('frozen', pids);
      rmSync(store, { recursive: true, force: true });
      renameSync(copy.path, store);
      inflict('killed', pids);
      const ms = await untilRecovered(traffic, administration);
      const window = traffic.nextWindow();
      if (ms === undefined) window.violations.push(`nothing worked again within ${recoveryTimeoutMs / 1_000} s`);
      else healed.push(ms);
      violations += window.violations.length;
      say(
        `${turn}: a store ${(age / 1_000).toFixed(0)} s old${torn ? `, ${torn}` : ''}: healed after ${ms === undefined ? '-' : (ms / 1_000).toFixed(1)} s; revoked keys: ${JSON.stringify(window.strangers)}`,
      );
      for (const violation of new Set(window.violations)) say(`  MUST NOT BE: ${violation}`);
      await sleep(500 + random() * 1_500);
    }
    copying = false;
    await copier;
    healed.sort((a, b) => a - b);
    const at = (share: number) => `${((healed[Math.floor(share * (healed.length - 1))] ?? 0) / 1_000).toFixed(1)} s`;
    say(`healed ${healed.length} of ${times}; time to heal: p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`);
    say(violations === 0 ? 'Nothing happened that must not.' : `${violations} things happened that must not.`);
    return violations;
  });
}

function copyStore({ facts, home }: ChaosStack, store: string, count: number): Copy {
  const path = join(home, `store-${count}`);
  const goOn = inflict('frozen', facts().pids['nats-server'] ?? []);
  try {
    cpSync(store, path, { recursive: true });
  } finally {
    goOn();
  }
  return { path, madeAt: performance.now() };
}

function discard(copy: Copy | undefined): void {
  if (copy) rmSync(copy.path, { recursive: true, force: true });
}

/** Cuts a block of messages off at a random byte. @returns what it did */
function tear(store: string, random: () => number): string | undefined {
  const blocks = readdirSync(store, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.blk') && statSync(join(store, name)).size > 0)
    .sort();
  const block = blocks[Math.floor(random() * blocks.length)];
  if (!block) return undefined;
  const { size } = statSync(join(store, block));
  const left = Math.floor(random() * size);
  truncateSync(join(store, block), left);
  return `${block.split('/').slice(-3).join('/')} torn at byte ${left} of ${size}`;
}
