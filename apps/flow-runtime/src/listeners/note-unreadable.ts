import type { Counter } from '@sluice/service-shell';

/** Why a request was answered before anybody decided about its caller. */
export type UnreadableReason =
  | 'malformed'
  | 'head-too-large'
  | 'timeout'
  | 'connect'
  | 'version'
  | 'transfer-coding'
  | 'host'
  | 'misdirected'
  | 'client-cert'
  | 'path'
  | 'authorization'
  | 'token-in-query';

export interface UnreadableRequest {
  readonly reason: UnreadableReason;
  /** Of whoever is at the other end of the connection: the sender, or the proxy. */
  readonly address: string | undefined;
  /** Ours, without anything of the request but the name of a header. */
  readonly detail?: string | undefined;
}

/** Between two lines of one reason: whoever sends many may not fill the log with them. */
const lineEveryMs = 10_000;
const maxDetailLength = 200;

/** Counts requests that were refused before a decision, which has no record of them, and logs one of each kind now and then. */
export class NoteUnreadable {
  readonly #since = new Map<UnreadableReason, { loggedAt: number; count: number }>();

  constructor(
    private readonly counter: Counter<'reason'>,
    private readonly log: (fields: object, text: string) => void,
    private readonly monotonicNow: () => number,
  ) {}

  note({ reason, address, detail }: UnreadableRequest): void {
    this.counter.inc({ reason });
    const now = this.monotonicNow();
    let since = this.#since.get(reason);
    if (since === undefined) this.#since.set(reason, (since = { loggedAt: -Infinity, count: 0 }));
    since.count++;
    if (now - since.loggedAt < lineEveryMs) return;
    this.log(
      {
        reason,
        address,
        count: since.count,
        ...(detail === undefined ? {} : { detail: detail.slice(0, maxDetailLength) }),
      },
      'refused what cannot be read as a request',
    );
    since.loggedAt = now;
    since.count = 0;
  }
}
