import { SluiceError } from '@sluice/domain';
import { judgePath, parseCertificate, strangerBudget, trustAnchor } from '@sluice/pki';
import { cpuOf } from '../path/process-cpu.js';
import { makePartner, unseenChain, worstChain, type Partner, type SentChain } from './make-chains.js';
import { paced, VerifierStack } from './running-stack.js';

/** For each verifier: four that have four times the callers are as busy, and read as much at a time, as one. */
const atOnce = 16;
const rounds = 3;
const pacedPerVerifier = 100;
const ordinaryPerSecond = 40;
const worstPerSecond = 20;
const secondsOfLatency = 10;
const roundsOfLatency = 3;

const say = (text: string) => void process.stdout.write(`${text}\n`);

/**
 * Verifiers over NATS with leaves nobody has seen: how many a second, what one costs beside the bare validation, how evenly
 * four share the work, and what a stranger's worst chains do to the others' latency.
 */
export async function benchVerifiers(count: number): Promise<void> {
  say('making chains');
  const partner = makePartner('Bench', 'rsa-2048');
  const worst = makePartner('Worst', 'P-384');
  const warmUps = [1, 4].map((verifiers) => many(partner, (verifiers * count) / 3));
  const [forOne, forFour] = [1, 2].map(() => Array.from({ length: rounds }, () => many(partner, count))) as [
    SentChain[][],
    SentChain[][],
  ];
  say('starting a stack with one verifier and one with four');
  const one = await VerifierStack.start(1);
  let four: VerifierStack | undefined;
  try {
    four = await VerifierStack.start(4);
    for (const [index, stack] of [one, four].entries()) {
      for (const { root } of [partner, worst]) await stack.trust(root.der);
      // As much for each process, or four would be measured while their code is still being compiled.
      await ask(stack, warmUps[index] as SentChain[]);
    }
    say(`${rounds} rounds of ${count} unseen leaves (3 certificates, RSA-2048), ${atOnce} at once for each verifier`);
    const results = { one: [] as Round[], four: [] as Round[] };
    for (let round = 0; round < rounds; round++) {
      results.one.push(await ask(one, forOne[round] as SentChain[]));
      results.four.push(await ask(four, forFour[round] as SentChain[]));
    }
    const bare = validationAlone(partner, many(partner, count));
    const cpu = { one: median(results.one.map(({ cpu }) => cpu)), four: median(results.four.map(({ cpu }) => cpu)) };
    say(`path validation alone            ${bare.toFixed(3)} ms of CPU`);
    say(
      `one verifier                     ${cpu.one.toFixed(3)} ms of CPU each (${(cpu.one / bare).toFixed(1)} x), ${Math.round(median(results.one.map(({ rate }) => rate)))} a second`,
    );
    say(
      `four verifiers                   ${cpu.four.toFixed(3)} ms of CPU each, ratio to one ${(cpu.four / cpu.one).toFixed(2)} (aim 1.1), ${Math.round(median(results.four.map(({ rate }) => rate)))} a second`,
    );
    await benchScaling(one, four, partner, count);
    const shares = new Map<string, number>();
    for (const { byVerifier } of results.four)
      for (const [name, share] of byVerifier) shares.set(name, (shares.get(name) ?? 0) + share);
    const mean = (rounds * count) / 4;
    const spread = [...shares.values()].map((share) => ((share - mean) / mean) * 100);
    say(
      `work of the four                 ${spread.map((percent) => `${percent > 0 ? '+' : ''}${percent.toFixed(1)}%`).join('  ')} (aim within 15%)`,
    );
    await benchLatency(one, partner, worst);
  } finally {
    await four?.stop();
    await one.stop();
  }
}

interface Round {
  /** Of all verifiers, milliseconds for each verification. */
  readonly cpu: number;
  readonly rate: number;
  readonly byVerifier: ReadonlyMap<string, number>;
}

async function ask(stack: VerifierStack, chains: readonly SentChain[]): Promise<Round> {
  const minimum = await stack.position();
  const byVerifier = new Map<string, number>();
  const before = sum(stack.verifierPids);
  const start = performance.now();
  const left = [...chains];
  const work = async () => {
    for (let chain = left.pop(); chain; chain = left.pop()) {
      const { refusal, verifier } = await stack.verify(chain, minimum);
      if (refusal !== 'no-service-key') throw new Error(`A good chain was refused: ${refusal}.`);
      byVerifier.set(verifier, (byVerifier.get(verifier) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce * stack.verifierPids.length }, work));
  return {
    cpu: (sum(stack.verifierPids) - before) / chains.length,
    rate: (chains.length * 1_000) / (performance.now() - start),
    byVerifier,
  };
}

/**
 * The same rate for each verifier, below what the machine can do: then what four cost more than one is what it costs to be
 * four, and not that a busy process reads many requests at a time.
 */
async function benchScaling(one: VerifierStack, four: VerifierStack, partner: Partner, count: number): Promise<void> {
  const measured = { one: [] as number[], four: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const [name, stack, verifiers] of [['one', one, 1] as const, ['four', four, 4] as const]) {
      const chains = many(partner, (count * verifiers) / 8);
      const minimum = await stack.position();
      const before = sum(stack.verifierPids);
      await paced(pacedPerVerifier * verifiers, chains.length, async (index) => {
        await stack.verify(chains[index] as SentChain, minimum);
      });
      measured[name].push((sum(stack.verifierPids) - before) / chains.length);
    }
  }
  const [alone, shared] = [median(measured.one), median(measured.four)];
  say(
    `${pacedPerVerifier} a second for each verifier      one ${alone.toFixed(3)} ms of CPU each, four ${shared.toFixed(3)} ms, ratio ${(shared / alone).toFixed(2)} (aim 1.1)`,
  );
}

/** CPU of one validation in this process, parsing of the leaf included, CAs parsed already. */
function validationAlone({ root, issuing }: Partner, chains: readonly SentChain[]): number {
  const anchors = [trustAnchor(parseCertificate(root.der))];
  const intermediates = [parseCertificate(issuing.der)];
  const before = process.cpuUsage();
  for (const { leaf } of chains) {
    const judgement = judgePath({
      leaf: parseCertificate(Buffer.from(leaf, 'base64')),
      intermediates,
      anchors,
      at: Date.now(),
      extendedKeyUsage: 'clientAuth',
      requiredKeyUsage: 'digitalSignature',
      budget: strangerBudget,
    });
    if (!judgement.valid) throw new Error(judgement.refusal.sentence);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / chains.length;
}

async function benchLatency(stack: VerifierStack, partner: Partner, worst: Partner): Promise<void> {
  const calls = ordinaryPerSecond * secondsOfLatency;
  say(
    `latency of ordinary verifications, ${ordinaryPerSecond} a second, one verifier; ${roundsOfLatency} times ${secondsOfLatency} s quiet and ${secondsOfLatency} s with ${worstPerSecond} of a stranger's worst chains a second`,
  );
  const minimum = await stack.position();
  const measure = async (chains: readonly SentChain[]): Promise<number[]> => {
    const times: number[] = [];
    await paced(ordinaryPerSecond, chains.length, async (index) => {
      const start = performance.now();
      // One that is refused or not answered in time counts with the time it took to know that.
      await outcomeOf(stack, chains[index] as SentChain, minimum);
      times.push(performance.now() - start);
    });
    return times;
  };
  const trips = await stack.roundTrips(200);
  const [quiet, disturbed]: [number[], number[]] = [[], []];
  const refusals = new Map<string, number>();
  for (let round = 0; round < roundsOfLatency; round++) {
    const bad = Array.from({ length: worstPerSecond * secondsOfLatency }, () => worstChain(worst));
    const [quietChains, disturbedChains] = [many(partner, calls), many(partner, calls)];
    quiet.push(...(await measure(quietChains)));
    const stranger = paced(worstPerSecond, bad.length, async (index) => {
      const refusal = await outcomeOf(stack, bad[index] as SentChain, minimum);
      refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1);
    });
    disturbed.push(...(await measure(disturbedChains)));
    await stranger;
  }
  for (const times of [quiet, disturbed]) times.sort((a, b) => a - b);
  say(`round trip to NATS               p50 ${at(trips, 0.5)} ms   p99 ${at(trips, 0.99)} ms`);
  say(`quiet                            p50 ${at(quiet, 0.5)} ms   p99 ${at(quiet, 0.99)} ms`);
  say(
    `with the stranger                p50 ${at(disturbed, 0.5)} ms   p99 ${at(disturbed, 0.99)} ms   ratio of p99 ${(Number(at(disturbed, 0.99)) / Number(at(quiet, 0.99))).toFixed(2)} (aim 2)`,
  );
  say(`the stranger heard               ${[...refusals].map(([code, times]) => `${code} ${times}`).join(', ')}`);
}

async function outcomeOf(
  stack: VerifierStack,
  chain: SentChain,
  minimum: Awaited<ReturnType<VerifierStack['position']>>,
): Promise<string> {
  try {
    return (await stack.verify(chain, minimum)).refusal ?? 'accepted';
  } catch (error) {
    if (error instanceof SluiceError) return error.code;
    throw error;
  }
}

function many(partner: Partner, count: number): SentChain[] {
  return Array.from({ length: Math.ceil(count) }, () => unseenChain(partner, 'rsa-2048'));
}

function at(sorted: readonly number[], quantile: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN).toFixed(2);
}

function sum(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + cpuOf(pid), 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
