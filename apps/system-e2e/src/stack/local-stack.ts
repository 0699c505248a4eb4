import { endWithThisProcess, freePort, TemporaryFolder, type Watch } from '@sluice/testing';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const readyTimeoutMs = 100_000;

/** `stack.json`, as the stack writes it for programs that use it. */
export interface StackFacts {
  readonly adminUrl: string;
  readonly adminToken: string;
  readonly flowUrl: string;
  readonly serverRootCaFile: string;
  readonly natsUrl: string;
  readonly subscriber: { readonly user: string; readonly password: string };
  readonly databaseUrl: string;
  readonly flowUrls: readonly string[];
  readonly pids: Readonly<Record<string, readonly number[]>>;
}

export interface LocalStackOptions {
  /** Further variables for the stack, `SLUICE_VERIFIERS` for example. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Data of an earlier stack; the folder is then its owner's to remove. */
  readonly home?: string;
  readonly ports?: { readonly admin: number; readonly flow: number };
}

/** The local stack as a person starts it: a process of its own that starts all others, with its data in a temporary folder. */
export class LocalStack implements AsyncDisposable {
  readonly output: string[] = [];
  readonly home: string;
  #child: ChildProcess | undefined;
  #ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }> = Promise.resolve({
    code: null,
    signal: null,
  });
  #watch: Watch | undefined;

  private constructor(
    readonly ports: { readonly admin: number; readonly flow: number },
    private readonly environment: Readonly<Record<string, string>>,
    private readonly folder: TemporaryFolder | undefined,
    home: string,
  ) {
    this.home = home;
  }

  /** @throws Error with all it said when it does not get to `ready` */
  static async start(options: LocalStackOptions = {}): Promise<LocalStack> {
    const stack = await LocalStack.launch(options);
    try {
      await stack.#untilReady();
    } catch (error) {
      await stack.end('SIGKILL');
      throw error;
    }
    return stack;
  }

  /** Starts it without waiting for anything. */
  static async launch(options: LocalStackOptions = {}): Promise<LocalStack> {
    const runtimes = Number(options.environment?.['SLUICE_FLOW_RUNTIMES'] ?? 1);
    const ports = options.ports ?? { admin: await freePort(), flow: await freePort(runtimes) };
    const folder = options.home === undefined ? new TemporaryFolder('stack') : undefined;
    const stack = new LocalStack(
      ports,
      options.environment ?? {},
      folder,
      options.home ?? (folder as TemporaryFolder).path,
    );
    stack.#launch();
    return stack;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get facts(): StackFacts {
    return JSON.parse(readFileSync(this.factsFile, 'utf8')) as StackFacts;
  }

  get factsFile(): string {
    return join(this.home, 'stack.json');
  }

  /** PEM of the root of the flow endpoints' and NATS's certificates. */
  get serverRoot(): string {
    return readFileSync(this.facts.serverRootCaFile, 'utf8');
  }

  pidsOf(name: string): readonly number[] {
    return this.facts.pids[name] ?? [];
  }

  secret(file: string): string {
    return readFileSync(join(this.home, 'secrets', file), 'utf8').trim();
  }

  /** Every log file with what is in it. */
  get logs(): ReadonlyMap<string, string> {
    const folder = join(this.home, 'logs');
    if (!existsSync(folder)) return new Map();
    return new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
  }

  /** How it ended. */
  get ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    return this.#ended;
  }

  /** Ends it by a signal and keeps its data. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    this.#child?.kill(signal);
    const how = await this.#ended;
    this.#watch?.dismiss();
    return how;
  }

  /** Ends it, removes its data, and shows what it said when a test of the file failed. */
  async stop(): Promise<void> {
    if ((globalThis as { failedTests?: number }).failedTests) process.stderr.write(`${this.story()}\n`);
    await this.end();
    this.folder?.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** What the stack said, and what its services had to complain of. */
  story(): string {
    const complaints = [...this.logs].flatMap(([file, text]) => {
      const lines = text
        .split('\n')
        .filter((line) => /"level":"(warn|error|fatal)"|\[(ERR|WRN|FTL)\]|(ERROR|FATAL|PANIC):/.test(line));
      return lines.length === 0 ? [] : [`${file}:`, ...lines.slice(-8).map((line) => `  ${line.slice(0, 600)}`)];
    });
    return ['The stack said:', ...this.output.slice(-60).map((line) => `  ${line}`), ...complaints].join('\n');
  }

  #launch(): void {
    const inherited = Object.fromEntries(
      Object.entries(process.env).filter(
        ([name]) => !/^(SLUICE_|DATABASE_URL$|NATS_URL$|NODE_OPTIONS$|FORCE_COLOR$)/.test(name),
      ),
    );
    const child = spawn(process.execPath, [join(root, 'tools', 'local-stack', 'dist', 'main.js')], {
      cwd: root,
      // In a group of its own: it is ended by its id, and then ends its own processes in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...inherited,
        SLUICE_HOME: this.home,
        SLUICE_ADMIN_PORT: String(this.ports.admin),
        SLUICE_FLOW_PORT: String(this.ports.flow),
        // Stacks of several tests run at once.
        SLUICE_EVENTS_PORT: '0',
        ...this.environment,
      },
    });
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        this.output.push(...lines);
      });
      stream.on('end', () => rest && this.output.push(rest));
    }
    if (child.pid !== undefined) this.#watch = endWithThisProcess(child.pid, this.folder?.path ?? '', 'TERM');
  }

  async #untilReady(): Promise<void> {
    const child = this.#child as ChildProcess;
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`The stack ${why}.\n${this.story()}`));
      const timer = setTimeout(() => fail(`was not ready within ${readyTimeoutMs / 1000} s`), readyTimeoutMs);
      const ended = (code: number | null) => fail(`ended with code ${code}`);
      child.once('exit', ended);
      child.stdout?.on('data', () => {
        if (!this.output.some((line) => line.startsWith('ready'))) return;
        clearTimeout(timer);
        child.off('exit', ended);
        resolve();
      });
      child.once('exit', () => clearTimeout(timer));
    });
  }
}
