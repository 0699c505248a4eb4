import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BodyBudget, BodyLease } from '../fair-shares/body-budget.js';

/**
 * What a request has of the runtime, given back once: when its message has come to its end _and_ its answer was written or nobody is
 * there for it. A sender that goes away ends neither its flow nor what the flow holds. Most requests hold nothing, and nothing listens for their end.
 */
export class HeldByRequest {
  #lease: BodyLease | undefined;
  #releases: (() => void)[] | undefined;
  #processed = false;
  #answered = false;

  /** @param owner who shares in what there is */
  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    readonly owner: string,
    private readonly bodies: BodyBudget,
  ) {}

  /** The lease of its body, of which it has one. */
  lease(): BodyLease {
    if (this.#lease) return this.#lease;
    const lease = this.bodies.leaseFor(this.owner);
    this.untilOver(() => lease.release());
    return (this.#lease = lease);
  }

  /** @param part of memory of the bodies that nobody looks at after the answer */
  lent(part: Uint8Array): void {
    const { memory } = this.bodies;
    if (memory.isLent(part)) this.untilOver(() => memory.giveBack(part));
  }

  /** @param release called once, at the end */
  untilOver(release: () => void): void {
    if (this.#releases) {
      this.#releases.push(release);
      return;
    }
    this.#releases = [release];
    const { response } = this;
    if (response.closed || this.request.socket.destroyed) {
      this.#answered = true;
      return;
    }
    // Node also says so of an answer that waits behind others when its connection ends.
    response.once('close', () => {
      this.#answered = true;
      this.#settle();
    });
  }

  /** Nothing of the message goes on any more, and its answer is on its way. */
  processed(): void {
    this.#processed = true;
    if (this.#releases) this.#settle();
  }

  #settle(): void {
    if (this.#processed && this.#answered) for (const release of this.#releases?.splice(0) ?? []) release();
  }
}
