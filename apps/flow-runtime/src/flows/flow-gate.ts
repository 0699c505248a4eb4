import { SharedRoom } from '../fair-shares/shared-room.js';

/**
 * Lets so many messages of a flow through at once, and so many wait for their turn. One more is turned away, so that a flow
 * whose receiver hangs takes neither memory nor places without end. Places, and those where one waits, are shared out among
 * owners as {@link SharedRoom} does: an owner with a thousand messages keeps none of another out.
 */
export class FlowGate {
  readonly #room: SharedRoom;

  constructor(maximum: number, maximumQueued: number) {
    this.#room = new SharedRoom(maximum, maximumQueued);
  }

  /** Messages that wait now. */
  get queued(): number {
    return this.#room.waiting;
  }

  /**
   * @param owner whose message it is
   * @returns true: it is in; a promise: whether it is in, when that settles; false: turned away. Who is in must leave.
   */
  enter(owner: string): boolean | Promise<boolean> {
    if (this.#room.take(owner)) return true;
    let waits: unknown;
    const entered = new Promise<boolean>((resolve) => {
      waits = this.#room.wait(owner, 1, 0, resolve);
    });
    return waits !== undefined && entered;
  }

  /** @param owner the one it entered as */
  leave(owner: string): void {
    this.#room.leave(owner);
  }
}
