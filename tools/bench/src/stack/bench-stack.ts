import { AdminClient } from '@sluice/admin-client';
import { freePort, startChildServer } from '@sluice/embedded-servers';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Facts {
  readonly adminUrl: string;
  readonly adminToken: string;
  readonly flowUrl: string;
  /** Of each flow runtime. */
  readonly flowUrls: readonly string[];
  readonly serverRootCaFile: string;
  readonly natsUrl: string;
  readonly subscriber: { readonly user: string; readonly password: string };
  /** Of a user with every right. */
  readonly databaseUrl: string;
  /** By the name of the service or server. */
  readonly pids: Readonly<Record<string, readonly number[]>>;
  /** Where each service tells how it is. */
  readonly health: Readonly<Record<string, readonly string[]>>;
}

const root = join(import.meta.dirname, '..', '..', '..', '..');

/** A whole local stack of its own, gone after the measurement. */
export class BenchStack {
  readonly admin: AdminClient;

  private constructor(
    readonly home: string,
    readonly facts: Facts,
    readonly flowPort: number,
    private readonly end: () => Promise<unknown>,
  ) {
    this.admin = new AdminClient({ url: facts.adminUrl, token: facts.adminToken });
  }

  /** @param settings of the local stack beside its ports */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<BenchStack> {
    const home = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    const runtimes = Number(settings['SLUICE_FLOW_RUNTIMES'] ?? 1);
    const [adminPort, flowPort] = [await freePort(), await freePort(runtimes)];
    const stack = await startChildServer(process.execPath, [join(root, 'tools', 'local-stack', 'dist', 'main.js')], {
      env: {
        ...process.env,
        SLUICE_HOME: home,
        SLUICE_ADMIN_PORT: String(adminPort),
        SLUICE_FLOW_PORT: String(flowPort),
        ...settings,
      },
      readyWhen: (line) => line.startsWith('ready'),
      readyTimeoutMs: 180_000,
    });
    const facts = JSON.parse(readFileSync(join(home, 'stack.json'), 'utf8')) as Facts;
    return new BenchStack(home, facts, flowPort, () => stack.stop('SIGTERM', 30_000));
  }

  /** Ends every process of a service, and waits until the stack has started others and they are ready. */
  async restart(service: string): Promise<void> {
    const { pids } = this.factsNow();
    const ended = new Set(pids[service]);
    for (const pid of ended) process.kill(pid, 'SIGTERM');
    for (const deadline = performance.now() + 60_000; ;) {
      const now = this.factsNow();
      const processes = now.pids[service] ?? [];
      const urls = now.health[service] ?? [];
      const areOthers = processes.length === ended.size && !processes.some((pid) => ended.has(pid));
      if (areOthers && urls.length === ended.size && (await Promise.all(urls.map(isReady))).every(Boolean)) return;
      if (performance.now() > deadline) throw new Error(`${service} was not ready again after 60 s.`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** What the stack says of itself now: processes are ended and started anew. */
  factsNow(): Facts {
    return JSON.parse(readFileSync(join(this.home, 'stack.json'), 'utf8')) as Facts;
  }

  async stop(): Promise<void> {
    await this.end();
    rmSync(this.home, { recursive: true, force: true });
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).ok;
  } catch {
    return false;
  }
}

export const say = (text: string): void => void process.stdout.write(`${text}\n`);

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Does something so many times, so many at once. */
export async function inParallel(
  times: number,
  callers: number,
  once: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const caller = async () => {
    for (let index = next++; index < times; index = next++) await once(index);
  };
  await Promise.all(Array.from({ length: callers }, caller));
}
