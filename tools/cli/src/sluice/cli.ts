import { AdminApiError, type AdminClient, type Called, type InputOf, type ItemOf } from '@sluice/admin-client';
import { CommanderError, InvalidArgumentError, type Command } from 'commander';
import { clientOf, contextsOf, installationOf } from './context/installation.js';
import type { Contexts } from './context/contexts.js';
import { CommandFailed, exitCode, exitCodeOfStatus } from './exit-code.js';
import { formOf, Output } from './output/output.js';
import { visible, styled, type Terminal } from './output/terminal.js';
import { timeForPeople } from './output/time.js';

export interface GlobalOptions {
  readonly output: string;
  readonly context?: string;
}

/** What the commands share: where they write, and which installation they are about. */
export class Cli {
  #output: Output | undefined;
  #named: string | undefined;
  #client: AdminClient | undefined;
  #code: number = exitCode.done;

  constructor(
    readonly terminal: Terminal,
    readonly now: () => number,
  ) {}

  /** To be called before a command acts. */
  begin({ output, context }: GlobalOptions): void {
    this.#output = new Output(this.terminal, formOf(output));
    this.#named = context;
    this.#client = undefined;
  }

  get output(): Output {
    return (this.#output ??= new Output(this.terminal, 'table'));
  }

  get contexts(): Contexts {
    return contextsOf(this.terminal.environment);
  }

  get client(): AdminClient {
    return (this.#client ??= clientOf(installationOf(this.terminal.environment, this.#named)));
  }

  time(time: string | undefined): string | undefined {
    return timeForPeople(time, this.now());
  }

  /** The command did its work and found something: it ends with that code. */
  found(): void {
    this.#code = exitCode.found;
  }

  /** The first items of a list, and whether there are more. */
  async first<O extends Called<never> | Called>(
    operation: O,
    input: Omit<InputOf<O>, 'limit' | 'after'>,
    limit: number,
  ): Promise<{ items: ItemOf<O>[]; more: boolean }> {
    const items: ItemOf<O>[] = [];
    for await (const item of this.client.list(operation, input)) {
      if (items.length === limit) return { items, more: true };
      items.push(item);
    }
    return { items, more: false };
  }

  /** @returns the code to end with */
  async run(program: Command, words: readonly string[]): Promise<number> {
    try {
      await program.parseAsync(words, { from: 'user' });
      return this.#code;
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error: unknown): number {
    // Commander has told already what is wrong, or has shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
    const mark = styled(this.terminal.coloured, 'red', '✗');
    if (error instanceof CommandFailed) {
      this.terminal.err(`${mark} ${visible(error.message)}`);
      return error.code;
    }
    if (error instanceof AdminApiError) {
      this.terminal.err(`${mark} ${visible(error.message)}`);
      if (error.retryAfterSeconds !== undefined) this.output.hint(`Try again in ${error.retryAfterSeconds} s.`);
      return exitCodeOfStatus(error.status);
    }
    this.terminal.err(`${mark} ${visible(error instanceof Error ? error.message : String(error))}`);
    return isUnreachable(error) ? exitCode.unavailable : exitCode.failed;
  }
}

/** The client names the address, and what the network said is the cause. */
function isUnreachable(error: unknown): boolean {
  return (
    error instanceof Error && /^Nobody answers at |gave no answer to |^No TLS can be had with /.test(error.message)
  );
}

/** A whole number within bounds, for commander. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
  };
}

/** `30d`, `12h`, `45m`, `90s`, or seconds: as seconds. */
export function duration(text: string): number {
  const [, count, unit = 's'] = /^(\d{1,9})(s|m|h|d)?$/.exec(text) ?? [];
  const seconds = { s: 1, m: 60, h: 3_600, d: 86_400 }[unit];
  if (count !== undefined && seconds !== undefined) return Number(count) * seconds;
  throw new InvalidArgumentError('It must be a length of time: 90s, 45m, 12h or 30d.');
}

/** Says so beside the result when a change is committed and not yet published. */
export function tellPending(output: Output, answer: unknown): void {
  if ((answer as { propagation?: string } | undefined)?.propagation === 'pending')
    output.warn('It is committed, and takes effect when the bus is back.');
}
