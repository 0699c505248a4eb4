import { verifyCertificate, type DecodedRequestOf, type Verdict } from '@sluice/contracts';
import { freePort, startChildServer } from '@sluice/embedded-servers';
import { connectBus, RequestClient, StateBucket } from '@sluice/messaging';
import { encodePem } from '@sluice/pki';
import type { NatsConnection } from '@nats-io/transport-node';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { SentChain } from './make-chains.js';

const root = join(import.meta.dirname, '..', '..', '..', '..');

interface Facts {
  readonly adminUrl: string;
  readonly adminToken: string;
  readonly natsUrl: string;
  readonly serverRootCaFile: string;
  readonly pids: Readonly<Record<string, readonly number[]>>;
}

/** A stack with so many verifiers, asked over NATS as the flow runtime asks them. */
export class VerifierStack {
  private constructor(
    readonly facts: Facts,
    private readonly connection: NatsConnection,
    private readonly requests: RequestClient,
    private readonly end: () => Promise<void>,
  ) {}

  static async start(verifiers: number): Promise<VerifierStack> {
    const home = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    const stack = await startChildServer(process.execPath, [join(root, 'tools', 'local-stack', 'dist', 'main.js')], {
      env: {
        ...process.env,
        SLUICE_HOME: home,
        SLUICE_ADMIN_PORT: String(await freePort()),
        SLUICE_FLOW_PORT: String(await freePort()),
        SLUICE_VERIFIERS: String(verifiers),
      },
      readyWhen: (line) => line.startsWith('ready'),
      readyTimeoutMs: 180_000,
    });
    const facts = JSON.parse(readFileSync(join(home, 'stack.json'), 'utf8')) as Facts;
    const connection = await connectBus({
      service: 'flow-runtime',
      url: facts.natsUrl,
      seedFile: join(home, 'secrets', 'flow-runtime.nk'),
      caFile: facts.serverRootCaFile,
      name: 'bench',
    });
    return new VerifierStack(facts, connection, new RequestClient(connection), async () => {
      await connection.close();
      await stack.stop('SIGTERM', 30_000);
      rmSync(home, { recursive: true, force: true });
    });
  }

  get verifierPids(): readonly number[] {
    return this.facts.pids['certificate-verifier'] ?? [];
  }

  async trust(der: Uint8Array): Promise<void> {
    const response = await fetch(`${this.facts.adminUrl}/v1/trusted-roots`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.facts.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ pem: encodePem(der) }),
    });
    if (response.status !== 201) throw new Error(`The root was not taken: ${await response.text()}`);
  }

  async position(): Promise<DecodedRequestOf<typeof verifyCertificate>['minimum']> {
    const state = await (await StateBucket.open(this.connection)).state();
    if (!state) throw new Error('There is no state bucket.');
    return { epoch: state.epoch, sequence: state.lastSequence };
  }

  verify({ leaf, chain }: SentChain, minimum: { epoch: string; sequence: number }): Promise<Verdict> {
    return this.requests.call(verifyCertificate, {
      leaf,
      chain: [...chain],
      lookUp: 'service-key',
      minimum,
    });
  }

  /** What a request and its answer take on this bus when nothing is done for them; milliseconds, sorted. */
  async roundTrips(count: number): Promise<number[]> {
    const times: number[] = [];
    for (let index = 0; index < count; index++) {
      const start = performance.now();
      await this.connection.rtt();
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b);
  }

  stop(): Promise<void> {
    return this.end();
  }
}

/** Calls at even distances, whether the ones before have been answered or not. @returns when all are */
export async function paced(
  perSecond: number,
  count: number,
  call: (index: number) => Promise<unknown>,
): Promise<void> {
  const start = performance.now();
  const calls: Promise<unknown>[] = [];
  for (let index = 0; index < count; index++) {
    const wait = start + (index * 1_000) / perSecond - performance.now();
    if (wait > 0) await pause(wait);
    calls.push(call(index));
  }
  await Promise.all(calls);
}
