/** What the stream of the message processing log holds. */
export interface LogFill {
  /** Octets. */
  readonly bytes: number;
  /** Octets it may hold; Infinity when it has no bound. */
  readonly maxBytes: number;
  readonly messages: number;
  /** Of the oldest entry in it. */
  readonly oldestSeconds: number;
}

/** From this part of the room on administrators are told. */
export const alarmRatio = 1 / 2;
/** Payloads and attachments may be in the log up to here; past it entries go without them. */
const payloadRatio = 3 / 4;
/**
 * No flow is begun past this; what is left is for the entries of messages under way, which are small by then, and of other runtimes
 * that have not looked yet.
 */
const closedRatio = 7 / 8;

/**
 * Whether the log takes entries, by what the last publications and the last look at its stream said. Read on the path of each
 * message, so it is two plain fields; before anything is known they say no.
 */
export class LogRoom {
  open = false;
  payloadsFit = false;
  #fill: LogFill = { bytes: 0, maxBytes: Number.POSITIVE_INFINITY, messages: 0, oldestSeconds: 0 };
  /** What this process put into it since. */
  #written = 0;
  #trouble: string | undefined = 'it is not known yet whether it takes any';
  #trialBytes = 0;

  get fill(): LogFill {
    return this.#fill;
  }

  get ratio(): number {
    return (this.#fill.bytes + this.#written) / this.#fill.maxBytes;
  }

  /** How large a publication must be kept before flows are begun again, in octets; undefined: none. */
  get trialBytes(): number | undefined {
    return this.#trouble !== undefined && this.ratio < closedRatio ? this.#trialBytes : undefined;
  }

  /** What keeps entries from being taken, one sentence each. */
  get problems(): string[] {
    return [
      ...(this.#trouble === undefined ? [] : [`the message processing log takes no entries: ${this.#trouble}`]),
      ...(this.ratio < closedRatio
        ? []
        : ['the stream of the message processing log is full: see whether message-log and its Postgres work']),
    ];
  }

  seen(fill: LogFill): void {
    this.#fill = fill;
    this.#written = 0;
    this.#judge();
  }

  kept(bytes: number): void {
    this.#written += bytes;
    this.#trouble = undefined;
    this.#judge();
  }

  /** @param bytes of what was not kept; something smaller may well be kept and proves nothing */
  failed(why: string, bytes = 0): void {
    this.#trouble = why;
    this.#trialBytes = bytes;
    this.#judge();
  }

  #judge(): void {
    this.open = this.#trouble === undefined && this.ratio < closedRatio;
    this.payloadsFit = this.ratio < payloadRatio;
  }
}
