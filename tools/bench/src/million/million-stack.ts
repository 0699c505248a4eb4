import { addTrustedRoot, createServiceKey, revokeServiceKey } from '@sluice/contracts';
import { freePort } from '@sluice/embedded-servers';
import { encodePem } from '@sluice/pki';
import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { SenderConnection } from '../decide/sender-connection.js';
import type { LoadTarget } from '../path/load.js';
import { cpuOf } from '../path/process-cpu.js';
import { BenchStack, inParallel, say } from '../stack/bench-stack.js';
import { deployFlow } from '../stack/deploy-flow.js';
import { newInstance } from '../stack/new-key.js';
import { enterKeys, keysOfInstance, serviceKeyId as idOfKey } from './enter-keys.js';
import { rebuildStream } from './rebuild-stream.js';
import { reportProgress } from './report-progress.js';
import type { makeLoadBalancer, SenderCertificates, SenderCertificate } from './sender-certificates.js';

const connections = 32;
const flowId = 'million';
const body = 'x'.repeat(512);
const mebibyte = 1024;

type LoadBalancer = ReturnType<typeof makeLoadBalancer>;

/** MiB, resident: now, and the most since the process began. */
export interface Memory {
  readonly now: number;
  readonly peak: number;
}

/** A stack with so many service keys, called through the listener for load balancers. */
export class MillionStack {
  readonly #pids: Readonly<Record<string, readonly number[]>>;

  private constructor(
    private readonly stack: BenchStack,
    readonly keys: number,
    private readonly active: readonly SenderCertificate[],
    private readonly target: LoadTarget,
    private readonly chain: string,
  ) {
    this.#pids = stack.facts.pids;
  }

  static async start(
    folder: string,
    keys: number,
    active: readonly SenderCertificate[],
    certificates: SenderCertificates,
    { ca, certificate }: LoadBalancer,
  ): Promise<MillionStack> {
    say(`starting a stack for ${keys} service keys, ${active.length} of them active`);
    const caFile = join(folder, 'proxy-ca.pem');
    writeFileSync(caFile, encodePem(ca.der));
    const port = await freePort();
    const stack = await BenchStack.start({ SLUICE_PROXY_PORT: String(port), SLUICE_PROXY_CA_FILE: caFile });
    try {
      await stack.admin.call(addTrustedRoot, { pem: encodePem(certificates.root) });
      await deployFlow(stack.admin, flowId, 'NONE');
      const serviceInstanceId = await newInstance(stack.admin, 'pattern');
      const { id: serviceKeyId } = await stack.admin.call(createServiceKey, {
        serviceInstanceId,
        name: 'pattern',
        parameters: { 'key-type': 'certificate_external', 'X.509': encodePem(certificates.make().der) },
      });
      const pattern = { serviceInstanceId, serviceKeyId };
      await enterKeys(stack.facts.databaseUrl, { keys, active, pattern });
      const seconds = await rebuildStream(stack, keys + Math.ceil(keys / keysOfInstance));
      say(`  the state stream was made anew and everything ready again after ${seconds.toFixed(0)} s`);
      const target = {
        port,
        path: `/http/${flowId}`,
        certificate: encodePem(certificate.der),
        key: certificate.key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        serverRoot: readFileSync(stack.facts.serverRootCaFile, 'utf8'),
      };
      return new MillionStack(stack, keys, active, target, sequence(certificates.issuing));
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  /** Every active certificate once. @returns how many a second */
  callOnceEach(): Promise<number> {
    const called = reportProgress(`first calls of ${this.active.length} certificates`, this.active.length);
    return this.#connected(async (senders) => {
      const started = performance.now();
      let done = 0;
      await this.#call(senders, this.active.length, (index) => {
        called(++done);
        return index;
      });
      return (this.active.length * 1_000) / (performance.now() - started);
    });
  }

  /** Calls of active certificates by chance. @returns CPU of the flow runtime, in milliseconds for 1,000 of them */
  callByChance(requests: number): Promise<number> {
    return this.#connected(async (senders) => {
      const before = this.#cpu('flow-runtime');
      await this.#call(senders, requests, () => randomInt(this.active.length));
      return ((this.#cpu('flow-runtime') - before) * 1_000) / requests;
    });
  }

  /** Revokes an active key. @returns milliseconds from the request to the first call that is refused for it */
  revoke(index: number): Promise<number> {
    return this.#connected(async ([sender]) => {
      if (!sender) throw new Error('There is no connection.');
      const request = this.#request(index);
      if ((await sender.send(request)) !== '200') throw new Error('The key that is to be revoked opens no door.');
      const started = performance.now();
      const id = idOfKey(index + 1);
      const revoked = this.stack.admin.call(revokeServiceKey, { id, reason: 'keyCompromise' });
      while ((await sender.send(request)) !== '401') await setImmediate();
      const took = performance.now() - started;
      await revoked;
      return took;
    });
  }

  memory(service: string): Memory {
    const status = this.#pidsOf(service).map((pid) => readFileSync(`/proc/${pid}/status`, 'utf8'));
    const sum = (field: string) =>
      status.reduce((total, text) => total + Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(text)?.[1]), 0) /
      mebibyte;
    return { now: sum('VmRSS'), peak: sum('VmHWM') };
  }

  async cachedPermits(): Promise<number> {
    const response = await fetch(`${this.stack.facts.health['flow-runtime']?.[0]}/metrics`);
    return Number(/sluice_verdict_cache_entries\{cache="permits"\} (\d+)/.exec(await response.text())?.[1]);
  }

  stop(): Promise<void> {
    return this.stack.stop();
  }

  /** With open connections of the load balancer; their handshakes are over. The listener closes those that idle. */
  async #connected<T>(work: (senders: readonly SenderConnection[]) => Promise<T>): Promise<T> {
    const senders = await Promise.all(Array.from({ length: connections }, () => SenderConnection.open(this.target)));
    try {
      return await work(senders);
    } finally {
      for (const sender of senders) sender.close();
    }
  }

  /** @throws Error when a call is not let in */
  async #call(
    senders: readonly SenderConnection[],
    requests: number,
    choose: (index: number) => number,
  ): Promise<void> {
    const free = [...senders];
    await inParallel(requests, senders.length, async (index) => {
      const sender = free.pop() as SenderConnection;
      const status = await sender.send(this.#request(choose(index)));
      free.push(sender);
      if (status !== '200') throw new Error(`A call of an active certificate was answered ${status}.`);
    });
  }

  /** RFC 9440. */
  #request(index: number): Buffer {
    const { der } = this.active[index] as SenderCertificate;
    return Buffer.from(
      `POST /http/${flowId} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n` +
        `Client-Cert: ${sequence(der)}\r\nClient-Cert-Chain: ${this.chain}\r\n\r\n${body}`,
      'latin1',
    );
  }

  #cpu(service: string): number {
    return this.#pidsOf(service).reduce((total, pid) => total + cpuOf(pid), 0);
  }

  #pidsOf(service: string): readonly number[] {
    return this.#pids[service] ?? [];
  }
}

/** RFC 9651 §3.3.5: a byte sequence. */
function sequence(der: Uint8Array): string {
  return `:${Buffer.from(der).toString('base64')}:`;
}
