import type { Crossing } from './effects.js';

/** What is kept for one message, so that it can be run again without any effect had twice. */
const maxCalls = 500;
const maxBytes = 16 * 1024 * 1024;

interface Kept {
  readonly fingerprint: string;
  readonly answer: Promise<Crossing>;
  used: boolean;
}

/**
 * The effects a message has had. When the worker it ran in is ended for what another message did, it is run again from its beginning in another,
 * and gets the answers it got before.
 */
export class EffectJournal {
  #kept: Kept[] = [];
  #bytes = 0;
  #lost = false;

  /** Whether the message can be run again. */
  get complete(): boolean {
    return !this.#lost;
  }

  /** Begins anew: from now on calls get the answers of before. */
  rewind(): void {
    for (const call of this.#kept) call.used = false;
  }

  /**
   * @param have has the effect; called only for one that was not had before
   * @throws Error for a call that differs from those of before while some of those are left: nobody could say what was had
   */
  answer(fingerprint: string, have: () => Promise<Crossing>): Promise<Crossing> {
    const before = this.#kept.find((call) => !call.used && call.fingerprint === fingerprint);
    if (before) {
      before.used = true;
      return before.answer;
    }
    if (this.#kept.some(({ used }) => !used))
      return Promise.reject(
        new Error('The message was run again after its worker had ended, and asked for other effects than before.'),
      );
    const answer = have();
    if (this.#lost) return answer;
    this.#kept.push({ fingerprint, answer, used: true });
    const drop = () => {
      this.#lost = true;
      // What is to be answered from here is, whatever happens.
      this.#kept = this.#kept.filter(({ used }) => !used);
    };
    if (this.#kept.length > maxCalls) drop();
    answer.then(
      ({ parts }) => {
        for (const part of parts) this.#bytes += part.length;
        if (this.#bytes > maxBytes) drop();
      },
      () => undefined,
    );
    return answer;
  }
}
