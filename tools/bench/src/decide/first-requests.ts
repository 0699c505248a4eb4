import { startChildServer } from '@sluice/embedded-servers';
import { connectBus } from '@sluice/messaging';
import { encodePem, judgePath, parseCertificate, strangerBudget, trustAnchor } from '@sluice/pki';
import { join } from 'node:path';
import type { LoadTarget } from '../path/load.js';
import { inParallel, median, quantile, say, type BenchStack } from '../stack/bench-stack.js';
import { makePartner, senderKey, unseenChain, type Partner, type SentChain } from '../verifiers/make-chains.js';
import { SenderConnection } from './sender-connection.js';

const echoSubject = 'sluice.authorization.bench-echo';
const aim = 2;
/** Connections, round trips and validations made before the measured ones, so that code is compiled. */
const warmUps = 50;

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
  await stack.admin('POST', '/v1/trusted-roots', { pem: encodePem(partner.root.der) });
  const instance = await stack.admin<{ id: string }>('POST', '/v1/service-instances', { name: 'bench-unseen' });
  const chains = Array.from({ length: certificates + warmUps }, () => unseenChain(partner, 'rsa-2048'));
  await inParallel(chains.length, 4, async (index) => {
    await stack.admin('POST', `/v1/service-instances/${instance.id}/service-keys`, {
      name: `key-${index}`,
      parameters: { 'key-type': 'certificate_external', 'X.509': pem((chains[index] as SentChain).leaf) },
    });
  });
  const key = senderKey('rsa-2048');
  const first: number[] = [];
  const second: number[] = [];
  const trips: number[] = [];
  const validations: number[] = [];
  const validate = validationAlone(partner);
  const roundTrip = await openRoundTrip(stack, chains[0] as SentChain);
  try {
    // By turns, so that whatever else the machine does befalls all of them alike.
    for (const [index, { leaf, chain }] of chains.entries()) {
      const certificate = [leaf, ...chain].map(pem).join('');
      const connection = await SenderConnection.open({ ...target, key, certificate });
      const times = [await timed(connection), await timed(connection), await roundTrip.once(), validate(leaf)] as const;
      connection.close();
      if (index < warmUps) continue;
      for (const [column, values] of [first, second, trips, validations].entries())
        values.push(times[column] as number);
    }
  } finally {
    await roundTrip.close();
  }
  const sum = median(trips) + median(validations);
  const ratio = median(first) / sum;
  const row = (name: string, values: readonly number[]) =>
    say(`${name.padEnd(46)} ${median(values).toFixed(3).padStart(7)} ${quantile(values, 0.99).toFixed(3).padStart(8)}`);
  say(`\n${certificates} certificates that no process has seen, 3-certificate RSA-2048 chains; milliseconds`);
  say(`${' '.repeat(46)}     p50      p99`);
  row('first request (two services are asked)', first);
  row('second request on the same connection', second);
  row('NATS round trip alone, request of that size', trips);
  row('path validation alone', validations);
  say(
    `first request, p50, to the sum of both alone    ${ratio.toFixed(2)} (aim ${aim.toFixed(1)}: ${ratio <= aim ? 'met' : 'NOT met'})`,
  );
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
