import { endWithThisProcess, until } from '@sluice/testing';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..', '..');

/** A program of the folder `examples`, as a person runs it. */
export class ExampleProgram implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;

  /** @param program path below `examples` */
  constructor(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [join(root, 'examples', program), ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...environment },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        this.lines.push(...lines);
      });
    }
    if (this.#child.pid !== undefined) endWithThisProcess(this.#child.pid, '');
  }

  /** Waits for a line it prints. @returns the first that fits, looking from `from` on */
  async line(pattern: RegExp, from = 0): Promise<string> {
    const found = () => this.lines.slice(from).find((line) => pattern.test(line));
    try {
      return await until(found, { what: `a line like ${pattern}` });
    } catch (error) {
      throw new Error(`The example said:\n${this.lines.join('\n')}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode === null && this.#child.kill('SIGTERM')) await ended;
  }
}
