import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** A process of a service that is started again as often as it dies, and that can be told where to die. */
export class ServiceProcess {
  #child: ChildProcess | undefined;
  #held = false;
  #ended = false;
  #starts = 0;

  constructor(
    private readonly program: string,
    private readonly environment: Readonly<Record<string, string>>,
    private readonly faultFile: string,
    private readonly logFile: string,
  ) {}

  get starts(): number {
    return this.#starts;
  }

  get log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '';
  }

  start(): void {
    this.#starts++;
    const log = createWriteStream(this.logFile, { flags: 'a' });
    const child = spawn(process.execPath, ['--enable-source-maps', this.program], {
      env: { PATH: process.env['PATH'] ?? '', ...this.environment, FAULT_FILE: this.faultFile },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    child.stdout?.pipe(log);
    child.stderr?.pipe(log, { end: false });
    child.once('exit', () => {
      this.#child = undefined;
      if (!this.#ended && !this.#held) this.start();
    });
  }

  /** It sends itself the signal when it comes to the step. */
  planFault(step: string, signal: NodeJS.Signals): void {
    writeFileSync(this.faultFile, `${step} ${signal}`);
  }

  dropFault(): void {
    rmSync(this.faultFile, { force: true });
  }

  get faultHappened(): boolean {
    return !existsSync(this.faultFile);
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Stays down when it dies, until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    if (!this.#child && !this.#ended) this.start();
  }

  async end(): Promise<void> {
    this.#ended = true;
    const child = this.#child;
    if (!child) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
  }
}
