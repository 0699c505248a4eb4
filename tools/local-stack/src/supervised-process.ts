import { fork, type ChildProcess } from 'node:child_process';
import { LogFile } from './log-file.js';

export interface SupervisedOptions {
  /** For people: `certificate-verifier 2`. */
  readonly name: string;
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly say: (message: string) => void;
  /** Where a debugger reaches it; none does without. */
  readonly inspectPort?: number;
  /** Told all it writes, as it goes to the log file. */
  readonly onOutput?: (chunk: Uint8Array) => void;
  /** The process is another one now. */
  readonly onChange: () => void;
}

/** EX_CONFIG of sysexits.h: how a service ends when a setting is wrong, or its database is newer. To start it again changes nothing. */
const wrongSetting = 78;

/** As much of the end of its stderr as is shown, in characters. */
const shownCharacters = 2_000;

/** A process that ran so long before it died begins again at once. */
const stableMs = 10_000;

/** A service process that is started again when it dies, with growing pauses, until it is stopped. */
export class SupervisedProcess {
  #child: ChildProcess | undefined;
  #healthPort: number | undefined;
  #stopping = false;
  #failures = 0;
  #restart: NodeJS.Timeout | undefined;
  /** The end of what it wrote to stderr since it was started. */
  #lastErrors = '';
  #refusal: string | undefined;
  readonly #log: LogFile;

  constructor(private readonly options: SupervisedOptions) {
    this.#log = new LogFile(options.logFile);
  }

  get name(): string {
    return this.options.name;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get logFile(): string {
    return this.options.logFile;
  }

  /** Why it does not start and is not started again, in its own words; undefined while it may still start. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Where it tells how it is; undefined until it has said so. */
  get healthUrl(): string | undefined {
    return this.#child && this.#healthPort !== undefined ? `http://127.0.0.1:${this.#healthPort}` : undefined;
  }

  start(): void {
    const startedAt = performance.now();
    this.#healthPort = undefined;
    this.#lastErrors = '';
    const child = fork(this.options.program, [], {
      env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...this.options.environment },
      execArgv: [
        '--enable-source-maps',
        ...(this.options.inspectPort === undefined ? [] : [`--inspect=127.0.0.1:${this.options.inspectPort}`]),
      ],
      silent: true,
      // In a group of its own: Ctrl-C goes to the stack alone, which ends everything in order.
      detached: true,
    });
    this.#child = child;
    for (const output of [child.stdout, child.stderr])
      output?.on('data', (chunk: Uint8Array) => {
        this.#log.write(chunk);
        this.options.onOutput?.(chunk);
      });
    child.stderr?.on('data', (chunk: Uint8Array) => {
      this.#lastErrors = (this.#lastErrors + Buffer.from(chunk).toString()).slice(-shownCharacters);
    });
    child.on('message', (message: { healthPort?: number }) => {
      this.#healthPort = message.healthPort;
      this.options.onChange();
    });
    child.once('exit', (code, signal) => {
      this.#child = undefined;
      this.options.onChange();
      if (this.#stopping) return;
      if (code === wrongSetting) return void child.once('close', () => this.#giveUp());
      this.#failures = performance.now() - startedAt > stableMs ? 0 : this.#failures + 1;
      const pause = this.#failures === 0 ? 0 : Math.min(200 * 2 ** this.#failures, 10_000);
      const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
      this.options.say(
        `${this.name} ${how}; starting it again${pause > 0 ? ` in ${(pause / 1000).toFixed(1)} s` : ''} (log: ${this.logFile})`,
      );
      this.#restart = setTimeout(() => this.start(), pause);
    });
    this.options.onChange();
  }

  /** Once its output has been read to its end, for the sentence of why is in it. */
  #giveUp(): void {
    this.#refusal = `${this.#lastErrors.trim()} (log: ${this.logFile})`.trim();
    this.options.say(`${this.name} is not started again: ${this.#refusal}`);
  }

  /** What keeps it from being ready; undefined when it is ready. */
  async missing(): Promise<string | undefined> {
    if (this.#healthPort === undefined) return 'it is starting';
    try {
      const response = await fetch(`http://127.0.0.1:${this.#healthPort}/readyz`, {
        signal: AbortSignal.timeout(2_000),
      });
      if (response.ok) return undefined;
      const { missing } = (await response.json()) as { missing?: string[] };
      return missing?.join('; ') ?? 'it is not ready';
    } catch {
      return 'it does not answer';
    }
  }

  /**
   * Kills the process and begins with the program as it is now, also one that was given up. Nothing is lost by a kill, and others that are started
   * again at the same time are not waited for.
   */
  async restart(): Promise<void> {
    if (this.#stopping) return;
    await this.#end('SIGKILL');
    this.#stopping = false;
    this.#failures = 0;
    this.#refusal = undefined;
    this.start();
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    this.#log.close();
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child) {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await exited;
      clearTimeout(timer);
    }
  }
}
