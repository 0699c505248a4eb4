import type { DecidedCall } from './record-decision.js';

/** Calls of one minute that were decided alike. */
export interface DecisionTally {
  /** Of the first of them. */
  readonly id: string;
  /** Milliseconds since 1970, of the first and the last. */
  readonly at: number;
  readonly lastAt: number;
  readonly count: number;
  readonly outcome: DecidedCall['outcome'];
  readonly status: number;
  readonly reason: string;
  /** Of more certificates or flows than are told apart: what follows is absent. */
  readonly others: boolean;
  readonly path?: string | undefined;
  readonly flow?: string | undefined;
  readonly sender?: string | undefined;
  readonly certificateSha256?: string | undefined;
  readonly subjectdn?: string | undefined;
  readonly serviceKeyId?: string | undefined;
  readonly serviceKeyName?: string | undefined;
  readonly serviceInstanceId?: string | undefined;
}

type Growing = { -readonly [Member in keyof DecisionTally]: DecisionTally[Member] };

/**
 * So many tallies a minute are told apart of callers that proved who they are, and as many of all others: whoever makes
 * certificates by the thousand fills neither the table nor the share of known senders.
 */
export const talliesPerMinute = 60;
/** While Postgres is away; further ones are dropped, the newest first. */
const maxUnwritten = 5_000;
const writeEveryMs = 1_000;
const maxPath = 256;
/** Senders are looked up by an index, whose entries have a limit. */
const maxSender = 256;

/** Cut as it is stored, so that what is looked for is what is there. */
export const senderAsStored = (sender: string) => sender.slice(0, maxSender);

/**
 * Counts decided calls for the list of decisions. What it keeps and writes is bounded by the minute, not by the calls: those that
 * are alike are one tally, which is written a second later, and again while it grows.
 */
export class TallyDecisions {
  #minute = 0;
  #tallies = new Map<string, Growing>();
  readonly #apart = { known: 0, unknown: 0 };
  readonly #unwritten = new Set<Growing>();
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;

  /** @param store stores tallies by their ids, in the place of what is there of them */
  constructor(
    private readonly store: (tallies: readonly DecisionTally[]) => Promise<void>,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  /** Tallies that are not in the list, because too many waited for Postgres. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param at milliseconds since 1970 */
  note(id: string, at: number, call: DecidedCall): void {
    const minute = Math.floor(at / 60_000);
    if (minute !== this.#minute) this.#begin(minute);
    const alike = `${call.outcome} ${call.status} ${call.reason}`;
    const tally =
      this.#tallies.get(`${alike} ${whose(call)} ${call.flow ?? ''}`) ??
      this.#first(alike, id, at, call) ??
      this.#tallies.get(alike);
    if (!tally) return;
    tally.count++;
    tally.lastAt = at;
    if (!this.#unwritten.has(tally)) {
      if (this.#unwritten.size >= maxUnwritten) {
        this.#dropped++;
        return;
      }
      this.#unwritten.add(tally);
    }
    this.#schedule();
  }

  /** Writes what has been noted. A failure is told, and tried again. */
  write(): Promise<void> {
    return (this.#writing = this.#writing.then(() => this.#write()));
  }

  /** Writes what is left, once. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.write();
  }

  #begin(minute: number): void {
    this.#minute = minute;
    this.#tallies = new Map();
    this.#apart.known = this.#apart.unknown = 0;
  }

  /** @returns undefined when there is a tally of all others already */
  #first(alike: string, id: string, at: number, call: DecidedCall): Growing | undefined {
    const kind = isKnown(call) ? 'known' : 'unknown';
    const others = this.#apart[kind] >= talliesPerMinute;
    if (others && this.#tallies.has(alike)) return undefined;
    const { outcome, status, reason } = call;
    const tally: Growing = {
      ...{ id, at, lastAt: at, count: 0, outcome, status, reason, others },
      ...(others ? {} : about(call)),
    };
    if (!others) this.#apart[kind]++;
    this.#tallies.set(others ? alike : `${alike} ${whose(call)} ${call.flow ?? ''}`, tally);
    return tally;
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.write();
    }, writeEveryMs).unref();
  }

  async #write(): Promise<void> {
    const tallies = [...this.#unwritten];
    if (tallies.length === 0) return;
    this.#unwritten.clear();
    try {
      await this.store(tallies.map((tally) => ({ ...tally })));
    } catch (error) {
      this.onFault(error, 'storing the list of decisions');
      for (const tally of tallies) this.#unwritten.add(tally);
      this.#schedule();
    }
  }
}

/** Whether the caller proved who it is: one that was let in, or was refused for what it may not. */
function isKnown({ status, caller }: DecidedCall): boolean {
  return caller !== undefined || status === 403 || status === 404;
}

/** Who calls, as far as calls are told apart: without a certificate by service key, of whose tokens there are many. */
function whose({ certificateSha256, evidence, caller }: DecidedCall): string {
  return certificateSha256 ?? evidence.access?.serviceKeyId ?? caller?.serviceKeyId ?? '';
}

function about({ path, flow, certificateSha256, evidence, caller }: DecidedCall): Partial<Growing> {
  const { subjectdn, serviceKeyId, serviceKeyName, serviceInstanceId } =
    evidence.verdict ?? evidence.access ?? caller ?? {};
  const sender = serviceKeyName ?? subjectdn;
  return {
    path: path.slice(0, maxPath),
    flow,
    certificateSha256,
    subjectdn: subjectdn === undefined ? undefined : senderAsStored(subjectdn),
    sender: sender === undefined ? undefined : senderAsStored(sender),
    serviceKeyId,
    serviceKeyName,
    serviceInstanceId,
  };
}
