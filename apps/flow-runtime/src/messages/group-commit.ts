interface Group {
  readonly lines: string[];
  characters: number;
  readonly committed: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A group stays well below the bus's largest message, also when each of its characters takes three bytes. */
const maxGroup = 512 * 1024;
/** Groups up to this size are not waited for: so few messages at a time are not worth a delay. */
const smallGroup = 3;
/**
 * Commits lines in groups, one group at a time. While one is under way the next gathers; when that is smaller than the one
 * before it waits up to a millisecond for the senders that were just answered, who are likely to send again. With few
 * messages at a time nothing waits.
 */
export class GroupCommit {
  readonly #groups: Group[] = [];
  #committing = false;
  #scheduled: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #lingering = false;
  #expected = 1;
  #lines = 0;
  #committed = 0;

  /**
   * @param commit keeps the lines of one group, one below the other; what it throws, every line of the group gets
   * @param lingerMs how long a group waits to become as large as the one before
   */
  constructor(
    private readonly commit: (lines: string) => Promise<void>,
    private readonly lingerMs = 1,
  ) {}

  get statistics(): { readonly entries: number; readonly groups: number } {
    return { entries: this.#lines, groups: this.#committed };
  }

  /** @returns when the line is kept; all lines of a group share the promise */
  add(line: string): Promise<void> {
    let group = this.#groups.at(-1);
    if (group === undefined || group.characters + line.length > maxGroup) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      group = { lines: [], characters: 0, committed: promise, resolve, reject };
      this.#groups.push(group);
    }
    group.lines.push(line);
    this.#lines++;
    group.characters += line.length + 1;
    if (!this.#committing) this.#schedule();
    return group.committed;
  }

  #schedule(): void {
    const waiting = this.#groups[0]?.lines.length ?? 0;
    if (waiting === 0) return;
    const full = waiting >= this.#expected || this.#groups.length > 1;
    if (this.#scheduled !== undefined) {
      if (!this.#lingering || !full) return;
      clearTimeout(this.#scheduled as NodeJS.Timeout);
    }
    this.#lingering = !full;
    // What else was received with it is handled before the immediate runs.
    this.#scheduled = full ? setImmediate(() => void this.#run()) : setTimeout(() => void this.#run(), this.lingerMs);
  }

  async #run(): Promise<void> {
    this.#scheduled = undefined;
    this.#lingering = false;
    const group = this.#groups.shift();
    if (group === undefined) return;
    this.#committing = true;
    this.#committed++;
    this.#expected = group.lines.length > smallGroup ? group.lines.length : 1;
    try {
      await this.commit(group.lines.join('\n'));
      group.resolve();
    } catch (error) {
      group.reject(error);
    }
    this.#committing = false;
    this.#schedule();
  }
}
