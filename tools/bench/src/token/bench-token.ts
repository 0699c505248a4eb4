import { createServiceKey, issueFlowToken, type ClientProof } from '@sluice/contracts';
import { connectBus, RequestClient } from '@sluice/messaging';
import { generateKeyPairSync, randomBytes, scrypt, sign, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { cpuOf } from '../path/process-cpu.js';
import { BenchStack, inParallel, median, say } from '../stack/bench-stack.js';
import { newKey } from '../stack/new-key.js';

const rounds = 5;
const callers = 16;
const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt);
/** As secrets are hashed. */
const cost = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 };
/** What is published of Keycloak: grants a second of one processor. The aim is ten times that by certificate. */
const keycloak = 120;

interface Measured {
  /** Milliseconds of CPU each: of all processes that take part, and of key-management alone. */
  readonly cpuMs: number;
  readonly ownMs: number;
  readonly perSecond: number;
}

/**
 * Tokens made a second, asked for over the bus as a flow runtime asks: by certificate, by a secret that was right before, and by one that is new to
 * the process, beside a bare ES256 signature and a bare scrypt of the same run. CPU is that of key-management, Postgres and the bus together.
 */
export async function benchToken(grants: number): Promise<void> {
  say('starting a stack');
  const stack = await BenchStack.start();
  const connection = await connectBus({
    service: 'flow-runtime',
    url: stack.facts.natsUrl,
    seedFile: join(stack.home, 'secrets', 'flow-runtime.nk'),
    caFile: stack.facts.serverRootCaFile,
    name: 'bench',
  });
  try {
    const requests = new RequestClient(connection);
    const key = await newKey(stack.admin, 'bench-token');
    const boundTo = new X509Certificate(key.certificate).fingerprint256.replaceAll(':', '').toLowerCase();
    const secretOf = async (name: string) => {
      const made = await stack.admin.call(createServiceKey, {
        serviceInstanceId: key.instanceId,
        name,
        parameters: { 'key-type': 'client_secret' },
      });
      return { clientId: made.id, secret: made.credentials.clientsecret ?? '' };
    };
    const ask = async (client: ClientProof, index: number, bound?: string) => {
      const answer = await requests.call(issueFlowToken, {
        client,
        ...(bound === undefined ? {} : { boundTo: bound }),
        address: `198.51.100.${(index % 250) + 1}`,
      });
      if (answer.outcome !== 'issued') throw new Error(`No token was issued: ${JSON.stringify(answer)}`);
    };
    const byCertificate = (index: number) =>
      ask({ by: 'certificate', serviceKeyId: key.keyId, serviceInstanceId: key.instanceId }, index, boundTo);
    const known = await secretOf('known');
    const bySecret = (index: number) => ask({ by: 'secret', ...known }, index);
    const fresh: Awaited<ReturnType<typeof secretOf>>[] = [];
    for (let index = 0; index < rounds * 4; index++) fresh.push(await secretOf(`fresh-${index}`));
    const byNewSecret = async (index: number) => {
      const client = fresh.pop();
      if (client) await ask({ by: 'secret', ...client }, index);
    };
    await inParallel(grants / 5, callers, byCertificate);
    await inParallel(grants / 5, callers, bySecret);

    const results: Record<'signature' | 'scrypt' | 'certificate' | 'secret' | 'newSecret', Measured[]> = {
      signature: [],
      scrypt: [],
      certificate: [],
      secret: [],
      newSecret: [],
    };
    for (let round = 0; round < rounds; round++) {
      results.signature.push(await alone(2_000, bareSignature()));
      results.scrypt.push(await alone(3, () => derive('secret', randomBytes(16), 32, cost)));
      results.certificate.push(await measured(stack, grants, callers, byCertificate));
      results.secret.push(await measured(stack, grants, callers, bySecret));
      results.newSecret.push(await measured(stack, 4, 1, byNewSecret));
    }
    report(results);
  } finally {
    await connection.close();
    await stack.stop();
  }
}

function report(results: Readonly<Record<string, readonly Measured[]>>): void {
  const of = (name: string, pick: (measured: Measured) => number) => median((results[name] ?? []).map(pick));
  const row = (title: string, name: string, beside: string) => {
    const cpu = of(name, ({ cpuMs }) => cpuMs);
    const ratio = cpu / of(beside, ({ cpuMs }) => cpuMs);
    say(
      `${title.padEnd(44)} ${cpu.toFixed(3).padStart(9)} ms of CPU (key-management ${of(name, ({ ownMs }) => ownMs).toFixed(3)}), ${Math.round(1_000 / cpu)} a second and processor, ${Math.round(of(name, ({ perSecond }) => perSecond))} a second here, ${ratio.toFixed(1)} x the bare ${beside}`,
    );
  };
  say(`medians of ${rounds} rounds; CPU of key-management, Postgres and nats-server together`);
  row('bare signature of ES256', 'signature', 'signature');
  row('bare scrypt', 'scrypt', 'scrypt');
  row('token by certificate', 'certificate', 'signature');
  row('token by a secret that was right before', 'secret', 'signature');
  row('token by a secret new to the process', 'newSecret', 'scrypt');
  const perProcessor = 1_000 / of('certificate', ({ cpuMs }) => cpuMs);
  say(
    `aim: at least ${10 * keycloak} a second and processor by certificate, ten times what is published of Keycloak: ${perProcessor >= 10 * keycloak ? 'met' : 'NOT met'} (${Math.round(perProcessor)})`,
  );
}

function bareSignature(): () => Promise<unknown> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const input = randomBytes(600);
  return () => Promise.resolve(sign('sha256', input, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
}

async function alone(times: number, once: () => Promise<unknown>): Promise<Measured> {
  const start = performance.now();
  const before = process.cpuUsage();
  for (let done = 0; done < times; done++) await once();
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1_000 / times;
  return { cpuMs, ownMs: cpuMs, perSecond: (times * 1_000) / (performance.now() - start) };
}

async function measured(
  stack: BenchStack,
  times: number,
  atOnce: number,
  once: (index: number) => Promise<void>,
): Promise<Measured> {
  const own = stack.facts.pids['key-management'] ?? [];
  const others = [...(stack.facts.pids['postgres'] ?? []), ...(stack.facts.pids['nats-server'] ?? [])];
  const cpu = () => [own, others].map((pids) => pids.flatMap(withChildren).reduce((sum, pid) => sum + used(pid), 0));
  const [ownBefore = 0, othersBefore = 0] = cpu();
  const start = performance.now();
  await inParallel(times, atOnce, once);
  const wall = performance.now() - start;
  const [ownAfter = 0, othersAfter = 0] = cpu();
  const ownMs = (ownAfter - ownBefore) / times;
  return { ownMs, cpuMs: ownMs + (othersAfter - othersBefore) / times, perSecond: (times * 1_000) / wall };
}

/** Postgres has a process for each connection. */
function withChildren(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(Number(name)) === pid)
    .map(Number);
  return [pid, ...children];
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]);
  } catch {
    // It has ended since the folder was read.
    return undefined;
  }
}

/** One that has ended in between has used nothing that is counted. */
function used(pid: number): number {
  try {
    return cpuOf(pid);
  } catch {
    return 0;
  }
}
