import { addTrustedRoot, verifyCertificate, type DecodedRequestOf, type Verdict } from '@sluice/contracts';
import { connectBus, RequestClient, StateBucket } from '@sluice/messaging';
import { encodePem } from '@sluice/pki';
import type { NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BenchStack } from '../stack/bench-stack.js';
import type { SentChain } from './make-chains.js';

/** A stack with so many verifiers, asked over NATS as the flow runtime asks them. */
export class VerifierStack {
  private constructor(
    private readonly stack: BenchStack,
    private readonly connection: NatsConnection,
    private readonly requests: RequestClient,
  ) {}

  static async start(verifiers: number): Promise<VerifierStack> {
    const stack = await BenchStack.start({ SLUICE_VERIFIERS: String(verifiers) });
    const connection = await connectBus({
      service: 'flow-runtime',
      url: stack.facts.natsUrl,
      seedFile: join(stack.home, 'secrets', 'flow-runtime.nk'),
      caFile: stack.facts.serverRootCaFile,
      name: 'bench',
    });
    return new VerifierStack(stack, connection, new RequestClient(connection));
  }

  get verifierPids(): readonly number[] {
    return this.stack.facts.pids['certificate-verifier'] ?? [];
  }

  async trust(der: Uint8Array): Promise<void> {
    await this.stack.admin.call(addTrustedRoot, { pem: encodePem(der) });
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

  async stop(): Promise<void> {
    await this.connection.close();
    await this.stack.stop();
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
