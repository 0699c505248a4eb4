import { addTrustedRoot, createServiceKey } from '@sluice/contracts';
import { startChildServer } from '@sluice/embedded-servers';
import { connectBus } from '@sluice/messaging';
import { encodePem, judgePath, parseCertificate, strangerBudget, trustAnchor } from '@sluice/pki';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { LoadTarget } from '../path/load.js';
import { inParallel, median, quantile, say, type BenchStack } from '../stack/bench-stack.js';
import { newInstance } from '../stack/new-key.js';
import { makePartner, senderKey, unseenChain, type Partner, type SentChain } from '../verifiers/make-chains.js';
import { SenderConnection } from './sender-connection.js';

const echoSubject = 'sluice.authorization.bench-echo';
const aim = 2;
/** Connections, round trips and validations made before the measured ones, so that code is compiled. */
const warmUps = 50;

interface Variant {
  readonly name: string;
  /** Whether each certificate belongs to a service instance of its own, which no process has been asked about either. */
  readonly ownInstances: boolean;
  /** Whether those who decide were started after the keys were issued, and so heard of none of them. */
  readonly restarted: boolean;
}

const variants: readonly Variant[] = [
  { name: 'keys of one service instance, just issued', ownInstances: false, restarted: false },
  { name: 'an instance each, just issued', ownInstances: true, restarted: false },
  { name: 'an instance each, those who decide started since', ownInstances: true, restarted: true },
];

/** Milliseconds, by certificate. */
interface Times {
  readonly first: number[];
  readonly second: number[];
  readonly trips: number[];
  readonly validations: number[];
}

/**
 * The first request of certificates that no process has seen, each on a connection of its own whose handshake is over,
 * beside what it cannot do without: a round trip over the same bus, and the validation of the path.
 */
export async function measureFirstRequests(
  stack: BenchStack,
  target: Omit<LoadTarget, 'certificate' | 'key'>,
  certificates: number,
): Promise<void> {
  const partner = makePartner('Bench', 'rsa-2048');
  await stack.admin.call(addTrustedRoot, { pem: encodePem(partner.root.der) });
  say(`\n${certificates} certificates that no process has seen, 3-certificate RSA-2048 chains; milliseconds`);
  for (const variant of variants) {
    const chains = await registerSenders(stack, partner, variant, certificates + warmUps);
    if (variant.restarted)
      for (const service of ['certificate-verifier', 'authorization']) await stack.restart(service);
    print(variant, await measure(stack, target, partner, chains));
  }
  say(`aim for the first of them: at most ${aim.toFixed(1)}`);
}

async function registerSenders(
  stack: BenchStack,
  partner: Partner,
  { ownInstances }: Variant,
  count: number,
): Promise<readonly SentChain[]> {
  const chains = Array.from({ length: count }, () => unseenChain(partner, 'rsa-2048'));
  const unseenInstance = () => newInstance(stack.admin, `unseen-${randomUUID().slice(0, 8)}`);
  const shared = await unseenInstance();
  await inParallel(count, 4, async (index) => {
    const serviceInstanceId = ownInstances ? await unseenInstance() : shared;
    await stack.admin.call(createServiceKey, {
      serviceInstanceId,
      name: `key-${index}`,
      parameters: { 'key-type': 'certificate_external', 'X.509': pem((chains[index] as SentChain).leaf) },
    });
  });
  return chains;
}

async function measure(
  stack: BenchStack,
  target: Omit<LoadTarget, 'certificate' | 'key'>,
  partner: Partner,
  chains: readonly SentChain[],
): Promise<Times> {
  const key = senderKey('rsa-2048');
  const times: Times = { first: [], second: [], trips: [], validations: [] };
  const validate = validationAlone(partner);
  const roundTrip = await openRoundTrip(stack, chains[0] as SentChain);
  try {
    // By turns, so that whatever else the machine does befalls all of them alike.
    for (const [index, { leaf, chain }] of chains.entries()) {
      const certificate = [leaf, ...chain].map(pem).join('');
      const connection = await SenderConnection.open({ ...target, key, certificate });
      const [first, second] = [await timed(connection), await timed(connection)];
      const [trip, validation] = [await roundTrip.once(), validate(leaf)];
      connection.close();
      if (index < warmUps) continue;
      times.first.push(first);
      times.second.push(second);
      times.trips.push(trip);
      times.validations.push(validation);
    }
  } finally {
    await roundTrip.close();
  }
  return times;
}

function print({ name }: Variant, { first, second, trips, validations }: Times): void {
  const row = (what: string, values: readonly number[]) =>
    say(`${what.padEnd(52)} ${median(values).toFixed(3).padStart(7)} ${quantile(values, 0.99).toFixed(3).padStart(8)}`);
  say(`${name.padEnd(52)}     p50      p99`);
  row('  first request (two services are asked)', first);
  row('  second request on the same connection', second);
  row('  NATS round trip alone, request of that size', trips);
  row('  path validation alone', validations);
  const ratio = median(first) / (median(trips) + median(validations));
  say(`  first request, p50, to the sum of both alone           ${ratio.toFixed(2)}`);
}

async function timed(connection: SenderConnection): Promise<number> {
  const started = performance.now();
  const status = await connection.send();
  const took = performance.now() - started;
  if (status !== '200') throw new Error(`A registered certificate was answered ${status}.`);
  return took;
}

/** Between two processes on the stack's own bus, encrypted and with its permissions, nothing done for the answer. */
async function openRoundTrip(
  { facts, home }: BenchStack,
  chain: SentChain,
): Promise<{ once(): Promise<number>; close(): Promise<void> }> {
  const seedOf = (service: string) => join(home, 'secrets', `${service}.nk`);
  const { natsUrl: url, serverRootCaFile: caFile } = facts;
  const responder = await startChildServer(
    process.execPath,
    [join(import.meta.dirname, 'echo-responder.js'), url, seedOf('authorization'), caFile, echoSubject],
    { readyWhen: (line) => line === 'listening' },
  );
  const service = 'admin-api';
  const connection = await connectBus({ service, url, seedFile: seedOf(service), caFile, name: 'bench' });
  const data = new TextEncoder().encode(JSON.stringify(chain));
  return {
    once: async () => {
      const started = performance.now();
      await connection.request(echoSubject, data, { timeout: 1_000 });
      return performance.now() - started;
    },
    close: async () => {
      await connection.close();
      await responder.stop('SIGTERM');
    },
  };
}

/** In this process, parsing of the leaf included, CAs parsed already. */
function validationAlone({ root, issuing }: Partner): (leaf: string) => number {
  const anchors = [trustAnchor(parseCertificate(root.der))];
  const intermediates = [parseCertificate(issuing.der)];
  return (leaf) => {
    const started = performance.now();
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
    return performance.now() - started;
  };
}

function pem(base64: string): string {
  return encodePem(Buffer.from(base64, 'base64'));
}
