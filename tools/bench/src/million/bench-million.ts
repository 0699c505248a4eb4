import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, say } from '../stack/bench-stack.js';
import { MillionStack, type Memory } from './million-stack.js';
import { reportProgress } from './report-progress.js';
import { makeLoadBalancer, SenderCertificates } from './sender-certificates.js';

const fewKeys = 1_000;
/** Many short ones: the machine drifts, and both must drift alike. */
const rounds = 24;
const requestsOfRound = 8_000;
const warmUps = 20_000;
const revocations = 20;
const aims = { cpu: 1.2, verifierMemory: 512 };

/**
 * What a request costs the flow runtime where there are many service keys, beside a stack with 1,000, by turns; and the
 * memory that the many take.
 */
export async function benchMillion(keys: number, active: number): Promise<void> {
  if (!(Number.isInteger(keys) && Number.isInteger(active) && fewKeys <= active && active <= keys))
    throw new Error(`KEYS and ACTIVE must be whole numbers with ${fewKeys} <= ACTIVE <= KEYS.`);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-million-'));
  const stacks: MillionStack[] = [];
  try {
    const certificates = new SenderCertificates();
    const loadBalancer = makeLoadBalancer();
    const made = reportProgress('certificates made', active);
    const senders = Array.from({ length: active }, (_, index) => {
      made(index + 1);
      return certificates.make();
    });
    const start = async (count: number, usedKeys: number): Promise<MillionStack> => {
      const stack = await MillionStack.start(folder, count, senders.slice(0, usedKeys), certificates, loadBalancer);
      stacks.push(stack);
      return stack;
    };
    const few = await start(fewKeys, fewKeys);
    const many = await start(keys, active);
    await few.callOnceEach();
    const verified = await many.callOnceEach();
    say(`  ${Math.round(verified)} verifications a second, each with its chain and the questions to two services`);
    await compare(few, many);
  } finally {
    for (const stack of stacks) await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(few: MillionStack, many: MillionStack): Promise<void> {
  const stacks = [few, many] as const;
  // As much for each, or what is compiled later would be measured in one of them.
  for (const stack of stacks) await stack.callByChance(warmUps);
  say(
    `\n${rounds} rounds by turns of ${requestsOfRound} requests of 512 bytes, MPL NONE, each of an active certificate by chance,\n` +
      'through the listener for load balancers (mutual TLS, Client-Cert of RFC 9440)',
  );
  const cpu: [number[], number[]] = [[], []];
  const measured = reportProgress('rounds', rounds);
  for (let round = 1; round <= rounds; round++) {
    for (const [index, stack] of stacks.entries()) cpu[index]?.push(await stack.callByChance(requestsOfRound));
    measured(round);
  }
  const permits = [await few.cachedPermits(), await many.cachedPermits()] as const;
  const revoked: [number[], number[]] = [[], []];
  for (let index = 0; index < revocations; index++)
    for (const [which, stack] of stacks.entries()) revoked[which]?.push(await stack.revoke(index));
  const memory = (service: string) => stacks.map((stack) => stack.memory(service)) as [Memory, Memory];
  const verifier = memory('certificate-verifier');

  say(`\n${''.padEnd(50)}${stacks.map(({ keys }) => `${keys} keys`.padStart(14)).join('')}   ratio`);
  const ratio = row('flow-runtime, CPU ms per 1,000 requests', [mean(cpu[0]), mean(cpu[1])], 1);
  row('permits in its cache', permits, 0);
  for (const service of ['flow-runtime', 'certificate-verifier', 'authorization', 'key-management']) {
    const [one, other] = service === 'certificate-verifier' ? verifier : memory(service);
    row(`${service}, MiB resident`, [one.now, other.now], 0);
    row(`${service}, MiB resident at the most`, [one.peak, other.peak], 0);
  }
  row('revocation to first refused call, p50 ms', [median(revoked[0]), median(revoked[1])], 1);
  say(
    `\nCPU per request, ${many.keys} keys to ${few.keys}    ${ratio.toFixed(2)} (aim ${aims.cpu}: ${outcome(ratio <= aims.cpu)})`,
  );
  const peak = verifier[1].peak;
  say(
    `certificate-verifier at the most    ${peak.toFixed(0)} MiB (aim ${aims.verifierMemory}: ${outcome(peak <= aims.verifierMemory)})`,
  );
}

/** @returns the ratio of the second to the first */
function row(name: string, [few, many]: readonly [number, number], digits: number): number {
  const cells = [few, many].map((value) => value.toFixed(digits).padStart(14)).join('');
  say(`${name.padEnd(50)}${cells}${(many / few).toFixed(2).padStart(8)}`);
  return many / few;
}

/** The garbage of many requests is collected in few of them: a median would leave that out. */
function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function outcome(met: boolean): string {
  return met ? 'met' : 'NOT met';
}
