import type { Sender } from '@sluice/testing';

export interface LoadedCall {
  readonly name: string;
  readonly sender: Sender;
  readonly path: string;
}

/** Calls that go on, one after the other over each sender's open connection, until they are told to end. */
export class Load implements AsyncDisposable {
  /** How often each call had which outcome: a status, or why no answer came. */
  readonly outcomes = new Map<string, Map<string, number>>();
  readonly #decisions = new Map<string, string[]>();
  #going = true;
  readonly #running: Promise<unknown>;

  constructor(calls: readonly LoadedCall[]) {
    this.#running = Promise.all(calls.map((call) => this.#repeat(call)));
  }

  get count(): number {
    return [...this.outcomes.values()].flatMap((counts) => [...counts.values()]).reduce((sum, n) => sum + n, 0);
  }

  /** Under which ids the administrator finds the decisions behind the answers with this status; the first few. */
  decisionIds(status: string): readonly string[] {
    return this.#decisions.get(status) ?? [];
  }

  /** @returns the outcomes of each call, sorted */
  async end(): Promise<Record<string, string[]>> {
    this.#going = false;
    await this.#running;
    return Object.fromEntries([...this.outcomes].map(([name, counts]) => [name, [...counts.keys()].sort()]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #repeat({ name, sender, path }: LoadedCall): Promise<void> {
    const counts = this.outcomes.get(name) ?? new Map<string, number>();
    this.outcomes.set(name, counts);
    while (this.#going) {
      const outcome = await sender.send(path, { body: 'x', timeoutMs: 15_000 }).then(
        ({ status, headers }) => {
          this.#remember(String(status), headers['sluice-decision-id']);
          return String(status);
        },
        (error: NodeJS.ErrnoException) => error.code ?? error.message,
      );
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      // Paced: the processes that start meanwhile are to have the processor as well.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #remember(status: string, decisionId: string | string[] | undefined): void {
    const ids = this.#decisions.get(status) ?? [];
    this.#decisions.set(status, ids);
    if (typeof decisionId === 'string' && ids.length < 5) ids.push(decisionId);
  }
}
